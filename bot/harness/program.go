package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
)

// Program is "playcaller serve" as a process of its own, which can be killed and started again.
type Program struct {
	bin, dir, addr string
	env            []string
	log            *os.File

	mu     sync.Mutex
	cmd    *exec.Cmd
	gone   chan struct{} // closed when the process has ended
	killed bool          // it was meant to end
	failed error         // it ended by itself
}

// build compiles the program into dir, unless bin names one.
func build(ctx context.Context, bin, dir string) (string, error) {
	if bin != "" {
		return filepath.Abs(bin)
	}
	bin = filepath.Join(dir, "playcaller")
	out, err := exec.CommandContext(ctx, "go", "build", "-o", bin, "playcaller/bot").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build the program: %w\n%s", err, out)
	}
	return bin, nil
}

// newProgram prepares the program on a workspace. Nothing runs before Start.
func newProgram(bin, dir, addr, slackURL string, env ...string) (*Program, error) {
	addr, err := freeAddr(addr)
	if err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(dir, "serve.log"))
	if err != nil {
		return nil, err
	}
	env = append(os.Environ(), append(env, "SLACK_API_URL="+slackURL+"/api/", "SLACK_BOT_TOKEN=xoxb-sandbox", "SLACK_APP_TOKEN=xapp-sandbox",
		"PLAYCALLER_API_TOKENS="+token)...)
	return &Program{bin: bin, dir: dir, addr: addr, env: env, log: log}, nil
}

// freeAddr returns the address with a port that is free where it names none: the bot must come back at the same one.
func freeAddr(addr string) (string, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// Start starts the process, which must not be running.
func (p *Program) Start() error {
	cmd := exec.Command(p.bin, "serve", "--data", filepath.Join(p.dir, "data"), "--book", filepath.Join(p.dir, "book"), "--addr", p.addr)
	cmd.Env, cmd.Stdout, cmd.Stderr = p.env, p.log, p.log
	if err := cmd.Start(); err != nil {
		return err
	}
	gone := make(chan struct{})
	p.mu.Lock()
	p.cmd, p.gone, p.killed = cmd, gone, false
	p.mu.Unlock()
	go func() {
		defer close(gone)
		err := cmd.Wait()
		p.mu.Lock()
		defer p.mu.Unlock()
		if !p.killed {
			p.failed = fmt.Errorf("the bot ended by itself: %v\n%s", err, p.tail())
		}
	}()
	return nil
}

// Kill ends the process with SIGKILL and waits until it is gone.
func (p *Program) Kill() error {
	p.mu.Lock()
	cmd, gone := p.cmd, p.gone
	p.killed = true
	p.mu.Unlock()
	if cmd == nil {
		return nil
	}
	_ = cmd.Process.Kill() // it may have ended by itself, which Failed tells
	<-gone
	return p.Failed()
}

// Stop asks the process to end, and reports how it did.
func (p *Program) Stop() error {
	p.mu.Lock()
	cmd, gone := p.cmd, p.gone
	p.killed = true
	p.mu.Unlock()
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		return err
	}
	select {
	case <-gone:
		if code := cmd.ProcessState.ExitCode(); code != 0 {
			return fmt.Errorf("the bot ended with code %d when it was interrupted\n%s", code, p.tail())
		}
		return nil
	case <-time.After(20 * time.Second):
		return fmt.Errorf("the bot did not end within 20 s of being interrupted\n%s", p.tail())
	}
}

// Failed returns why the process ended although nobody killed it.
func (p *Program) Failed() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.failed
}

// Close kills the process if it runs.
func (p *Program) Close() {
	_ = p.Kill()
	p.log.Close()
}

// tail returns the end of what the process has logged.
func (p *Program) tail() string {
	f, err := os.Open(p.log.Name())
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	if end, err := f.Seek(0, io.SeekEnd); err == nil {
		_, _ = f.Seek(max(0, end-2000), io.SeekStart)
	}
	text, _ := io.ReadAll(f)
	if i := bytes.IndexByte(text, '\n'); i >= 0 {
		text = text[i+1:]
	}
	return string(text)
}
