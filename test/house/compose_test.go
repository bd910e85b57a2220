package house

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

const doorTemplate = "/docker/door/default.conf.template"

// E2: what compose publishes is reached from this machine only. What asks nobody who they are, and what speaks HTTP, stands behind the door:
// the gateway knows its names by itself, and Temporal's port speaks a protocol that no page can.
func TestComposePublishesNothingThatAPageCouldReach(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(root + "/docker-compose.yml")
	require.NoError(t, err)
	var compose struct {
		Services map[string]struct {
			Ports []string `yaml:"ports"`
		} `yaml:"services"`
	}
	require.NoError(t, yaml.Unmarshal(content, &compose))
	published := map[string][]string{}
	for name, service := range compose.Services {
		if len(service.Ports) > 0 {
			published[name] = service.Ports
		}
	}
	assert.Equal(t, map[string][]string{
		"temporal": {"127.0.0.1:7233:7233"}, "gateway": {"127.0.0.1:8080:8080"}, "door": {"127.0.0.1:8233:8233", "127.0.0.1:8025:8025"},
	}, published)
}

// E2: the door of compose, as nginx has it, lets through what asks for this machine or a configured name.
func TestTheDoorOfComposeKnowsItsNames(t *testing.T) {
	t.Parallel()
	nginx, err := exec.LookPath("nginx")
	if err != nil && os.Getenv("CI") != "true" {
		t.Skip("nginx is not installed")
	}
	require.NoError(t, err)
	ports := openDoor(t, nginx, "desk.example other.example")
	for behind, port := range ports {
		for host, status := range map[string]int{
			"localhost:8233": http.StatusOK, "127.0.0.1:8233": http.StatusOK, "desk.example": http.StatusOK, "Other.example:8025": http.StatusOK,
			"evil.example": http.StatusMisdirectedRequest, "127.0.0.1.evil.example:8233": http.StatusMisdirectedRequest, "0.0.0.0:8233": http.StatusMisdirectedRequest,
			"sub.desk.example": http.StatusMisdirectedRequest,
		} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1:"+port, nil)
			require.NoError(t, err)
			r.Host = host
			answer, err := http.DefaultClient.Do(r)
			require.NoError(t, err)
			assert.Equal(t, status, answer.StatusCode, "%s: %s", behind, host)
			if status == http.StatusOK {
				assert.Equal(t, behind+" as "+host, answer.Header.Get("Reached"), "the name is passed on")
			}
			require.NoError(t, answer.Body.Close())
		}
	}
}

// openDoor runs nginx with the template of compose, on free ports and before servers of the test, and returns the port for each.
func openDoor(t *testing.T, nginx, names string) map[string]string {
	t.Helper()
	template, err := os.ReadFile(root + doorTemplate)
	require.NoError(t, err)
	config, ports := string(template), map[string]string{}
	for behind, at := range map[string][2]string{"ui": {"8080", "8233"}, "mail": {"8025", "8025"}} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Reached", behind+" as "+r.Host) }))
		t.Cleanup(server.Close)
		ports[behind] = freePort(t)
		require.Contains(t, config, "http://"+behind+":"+at[0])
		require.Equal(t, 2, strings.Count(config, "listen "+at[1]))
		config = strings.ReplaceAll(config, "http://"+behind+":"+at[0], server.URL)
		config = strings.ReplaceAll(config, "listen "+at[1], "listen 127.0.0.1:"+ports[behind])
	}
	config = strings.ReplaceAll(config, "${UI_HOSTS}", names)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "door.conf"), []byte(config), 0o600))
	main := fmt.Sprintf("daemon off; pid %[1]s/pid; error_log stderr; events {} http { access_log off; client_body_temp_path %[1]s/b; proxy_temp_path %[1]s/p; "+
		"fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s; include %[1]s/door.conf; }", dir)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "nginx.conf"), []byte(main), 0o600))
	var said bytes.Buffer
	process := exec.CommandContext(t.Context(), nginx, "-p", dir, "-c", filepath.Join(dir, "nginx.conf"))
	process.Stderr = &said
	process.Cancel = func() error { return process.Process.Signal(os.Interrupt) } // its workers end with it
	require.NoError(t, process.Start())
	t.Cleanup(func() { _ = process.Wait() })
	require.Eventually(t, func() bool {
		for _, port := range ports {
			connection, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", "127.0.0.1:"+port)
			if err != nil {
				return false
			}
			connection.Close()
		}
		return true
	}, time.Minute, 10*time.Millisecond, "nginx: %s", &said)
	return ports
}

func freePort(t *testing.T) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	return port
}
