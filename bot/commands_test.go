package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"playcaller": func() {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr, os.Getenv))
	}})
}

// The scripts are what somebody could type, with four commands more: "status N COMMAND…" runs a command that must end with
// N, "port [NAME]" sets $PORT to a free one or to the first again, "poll URL" waits until a URL is answered, and "await PATTERN
// COMMAND…" runs a command again and again until what it prints matches.
func TestCommandsDoAsTheScriptsSay(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/script", Cmds: map[string]func(*testscript.TestScript, bool, []string){
		"status": status, "port": port, "poll": poll, "await": awaitOutput,
	}})
}

// status runs a program that must end with a certain exit code.
func status(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status CODE COMMAND ARGUMENTS…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	var ended *exec.ExitError
	got := 0
	if errors.As(err, &ended) {
		got = ended.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("ended with %d, want %d", got, want)
	}
}

// port sets PORT to a free port of this machine; with an argument, to the one that was found first.
func port(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) > 0 {
		ts.Setenv("PORT", ts.Getenv("FIRST_PORT"))
		return
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	free := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	ts.Check(l.Close())
	ts.Setenv("PORT", free)
	if ts.Getenv("FIRST_PORT") == "" {
		ts.Setenv("FIRST_PORT", free)
	}
}

// awaitOutput runs a program until what it prints matches a pattern.
func awaitOutput(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: await PATTERN COMMAND ARGUMENTS…")
	}
	want, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for late := time.After(2 * time.Minute); ; {
		ts.Check(ts.Exec(args[1], args[2:]...))
		if want.MatchString(ts.ReadFile("stdout")) {
			return
		}
		select {
		case <-tick.C:
		case <-late:
			ts.Fatalf("it does not print %q", args[0])
		}
	}
}

// poll asks a URL until it is answered with 200, with the token of PLAYCALLER_API_TOKENS where the script has set it.
func poll(ts *testscript.TestScript, _ bool, args []string) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	last := "no answer"
	for late := time.After(2 * time.Minute); ; {
		req, err := http.NewRequest(http.MethodGet, args[0], nil)
		ts.Check(err)
		if token := ts.Getenv("PLAYCALLER_API_TOKENS"); token != "" {
			req.Header.Set("Authorization", "Bearer "+token)
		}
		if res, err := http.DefaultClient.Do(req); err == nil {
			_ = res.Body.Close() // nothing of it is read
			if res.StatusCode == http.StatusOK {
				return
			}
			last = fmt.Sprint("answered ", res.Status)
		}
		select {
		case <-tick.C:
		case <-late:
			ts.Fatalf("%s: %s", args[0], last)
		}
	}
}
