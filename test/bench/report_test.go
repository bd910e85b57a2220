package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMedian(t *testing.T) {
	t.Parallel()
	assert.Zero(t, median(nil))
	assert.Equal(t, 2.0, median([]float64{9, 1, 2}))
	assert.Equal(t, 1.5, median([]float64{2, 1}))
}

func TestReportComparesRoundByRound(t *testing.T) {
	t.Parallel()
	r := &report{}
	race := figure{Row: 3, What: "speed", Budget: times(10, 0.5)}
	for _, round := range [][3]float64{{100, 10, 200}, {240, 20, 400}, {90, 10, 100}} {
		r.note(race, naively{}, round[1])
		r.note(race, ours{}, round[0])
		r.note(race, barely{}, round[2])
	}
	r.note(figure{Row: 1, What: "events", Budget: atMost(45)}, ours{}, 46)
	r.compute()

	require.Len(t, r.Figures, 2)
	events, speed := r.Figures[0], r.Figures[1]
	assert.False(t, *events.Within)
	assert.Equal(t, []float64{100, 10, 200}, []float64{speed.OursMedian, speed.NaiveMedian, speed.BareMedian})
	assert.Equal(t, []float64{10, 0.6}, []float64{speed.TimesNaive, speed.TimesBare})
	assert.True(t, *speed.Within)
}

func TestReportOfOneContenderJudgesNoRatio(t *testing.T) {
	t.Parallel()
	r := &report{}
	r.note(figure{Row: 3, What: "speed", Budget: times(10, 0.5)}, ours{}, 100)
	var out strings.Builder
	r.writeTable(&out)
	assert.Nil(t, r.Figures[0].Within)
	assert.Contains(t, out.String(), "≥ 10 × naive, ≥ 0.5 × bare")
	assert.NotContains(t, out.String(), "NO")
}

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	good := options{database: "sqlite", output: "json", rounds: 1}
	require.NoError(t, good.check())
	for name, spoil := range map[string]func(*options){
		"--db":     func(o *options) { o.database = "oracle" },
		"--only":   func(o *options) { o.only = "theirs" },
		"--output": func(o *options) { o.output = "xml" },
		"--rounds": func(o *options) { o.rounds = 51 },
	} {
		o := good
		spoil(&o)
		require.ErrorContains(t, o.check(), name)
	}
}
