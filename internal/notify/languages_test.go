package notify

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// The reader's language is that of their locale, whatever the country or script; everybody else reads English.
func TestLanguageFollowsTheLocale(t *testing.T) {
	t.Parallel()
	for locale, want := range map[string]string{
		"": "en", "en": "en", "en-GB": "en", "en-US": "en-US", "en-us": "en-US", "en-Latn-US": "en", "it": "it", "it-IT": "it", "it-CH": "it", "IT": "it", "es-419": "es", "es-MX": "es",
		"ja": "ja", "ja-JP": "ja", "ja-Jpan-JP": "ja", "de-DE": "en", "ita": "en", "i": "en", "-": "en", "--it": "en", "zh-Hans-CN": "en",
	} {
		assert.Equal(t, want, LanguageOf(locale).Tag, locale)
	}
}

func TestNumbersAreWrittenAsTheLanguageDoes(t *testing.T) {
	t.Parallel()
	for locale, want := range map[string][]string{
		"en": {"0", "999", "1,234", "12,345", "1,234,567"}, "it": {"0", "999", "1.234", "12.345", "1.234.567"},
		"es": {"0", "999", "1234", "12.345", "1.234.567"}, "ja": {"0", "999", "1,234", "12,345", "1,234,567"},
	} {
		for n, of := range []int{0, 999, 1234, 12345, 1234567} {
			assert.Equal(t, want[n], LanguageOf(locale).number(of), locale)
		}
	}
}

func TestEveryMonthHasItsName(t *testing.T) {
	t.Parallel()
	for locale, want := range map[string][]string{
		"it": {"1º gennaio 2031", "1º febbraio 2031", "1º marzo 2031", "1º aprile 2031", "1º maggio 2031", "1º giugno 2031", "1º luglio 2031", "1º agosto 2031", "1º settembre 2031", "1º ottobre 2031", "1º novembre 2031", "1º dicembre 2031"},
		"es": {"1 de enero de 2031", "1 de febrero de 2031", "1 de marzo de 2031", "1 de abril de 2031", "1 de mayo de 2031", "1 de junio de 2031", "1 de julio de 2031", "1 de agosto de 2031", "1 de septiembre de 2031", "1 de octubre de 2031", "1 de noviembre de 2031", "1 de diciembre de 2031"},
	} {
		for n := range want {
			assert.Equal(t, want[n], LanguageOf(locale).day(time.Date(2031, time.Month(n+1), 1, 0, 0, 0, 0, time.UTC)))
		}
	}
}
