package audit

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"
)

// killedPath names the file to the process that is going to be killed.
const killedPath = "TENURE_TEST_AUDIT_PATH"

// TestMain lets the test binary play the process that is killed.
func TestMain(m *testing.M) {
	if path := os.Getenv(killedPath); path != "" {
		writeUntilKilled(path)
	}
	os.Exit(m.Run())
}

func writeUntilKilled(path string) {
	l := Open(path, false)
	var out sync.Mutex
	say := func(what, id string) {
		out.Lock()
		defer out.Unlock()
		fmt.Println(what, id)
	}
	for range 4 {
		go func() {
			for {
				begun, err := l.Begin(context.Background(), grant)
				if err != nil {
					panic(err)
				}
				say("attempted", begun[0].Attempt) // the request would leave here
				if err := l.Write(context.Background(), begun[0].After(nil)); err != nil {
					panic(err)
				}
				say("done", begun[0].Attempt)
			}
		}()
	}
	select {}
}

// TestKilled kills writers wherever they happen to be: everything that they were told is on disk must
// be there, and the chain must hold.
func TestKilled(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	told := map[string]bool{}
	for round := range 5 {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
		cmd.Env = append(os.Environ(), killedPath+"="+path)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 0; lines.Scan(); n++ {
			told[lines.Text()] = true
			if n == 20+11*round {
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		_ = cmd.Wait() // killed
		verify(t, path)
	}
	write(t, openLog(t, path, false), grant)
	r := verify(t, path)
	logged := map[string]bool{}
	for line := range bytes.Lines([]byte(read(t, path))) {
		var rec record
		if json.Unmarshal(line, &rec) == nil {
			logged[string(rec.Outcome)+" "+rec.Attempt] = true
		}
	}
	for what := range told {
		if !logged[what] {
			t.Errorf("%s is not in the log", what)
		}
	}
	if len(told) < 100 || r.Lines < len(told) {
		t.Errorf("%d told, %d lines; the test did not test", len(told), r.Lines)
	}
}
