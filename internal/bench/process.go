package bench

import (
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/stoa-audio/stoa/internal/bench/child"
)

// A starter starts a command: child.Start or child.StartAlone.
type starter func(*exec.Cmd) (*child.Process, error)

// start starts this binary with other arguments.
func start(how starter, in io.Reader, out io.Writer, args ...string) (*child.Process, error) {
	path, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(path, args...) //nolint:noctx // it is ended by Stop
	cmd.Stdin, cmd.Stdout = in, out
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "STOA_") { // what is measured is what the flags say
			cmd.Env = append(cmd.Env, v)
		}
	}
	return how(cmd)
}
