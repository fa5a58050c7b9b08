package sandbox

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

func TestAFileFullOfOldVersionsIsWrittenAnew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "workspace.jsonl")
	w, _ := quiet(t, Options{State: path})
	out, code := do(t, w, "chat.postMessage", `{"channel":"C0X","text":"first"}`)
	if code != "" {
		t.Fatal(code)
	}
	for i := range 1100 {
		if _, code := do(t, w, "chat.update", fmt.Sprintf(`{"channel":"C0X","ts":%q,"text":"version %d"}`, out["ts"], i)); code != "" {
			t.Fatal(code)
		}
	}
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	again, _ := quiet(t, Options{State: path})
	after, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if after.Size() > before.Size()/100 {
		t.Errorf("got %d bytes of %d, want only what still counts", after.Size(), before.Size())
	}
	if m := again.channels["C0X"].find(out["ts"].(string)); m == nil || m.Text != "version 1099" {
		t.Errorf("got %+v, want the last version", m)
	}
	if _, code := do(t, again, "chat.postMessage", `{"channel":"C0X","text":"second"}`); code != "" {
		t.Fatal(code)
	}
	third, _ := quiet(t, Options{State: path})
	if n := len(third.channels["C0X"].messages); n != 2 {
		t.Errorf("got %d messages, want 2", n)
	}
}

func TestWhatCannotBeWrittenDownIsAnError(t *testing.T) {
	w, _ := quiet(t, Options{State: filepath.Join(t.TempDir(), "workspace.jsonl")})
	file := w.journal.file
	readOnly, err := os.Open(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	defer readOnly.Close()
	w.journal.file = readOnly
	_, err = w.carryOut(methods()["chat.postMessage"], &call{method: "chat.postMessage", args: object{"channel": "C0X", "text": "x"}})
	if err == nil {
		t.Error("got no error for a message that is not in the file")
	}
	if n := len(w.channels["C0X"].messages); n != 0 {
		t.Errorf("got %d messages that nobody will find after a restart", n)
	}
	w.journal.file = file
	if _, err = w.carryOut(methods()["chat.postMessage"], &call{method: "chat.postMessage", args: object{"channel": "C0X", "text": "x"}}); err != nil {
		t.Errorf("once it can be written again: %v", err)
	}
}
