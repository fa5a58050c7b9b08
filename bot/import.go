package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"playcaller/bot/intake"
	"playcaller/bot/sheet"
)

// importChunk is how many rows are sent in one request.
const importChunk = 1000

func importCommand(getenv func(string) string) *cobra.Command {
	var to, token string
	c := &cobra.Command{
		Use:   "import accounts|signals FILE.csv",
		Short: "Send a spreadsheet to a running bot",
		Long: `Sends the rows of a CSV file to a running bot. The first line names the columns.

accounts: id is needed; name, plan, seats, arr, owner, country, time_zone, stage and the other fields of
POST /v1/accounts may follow. contract_id, contract_start, contract_end, contract_notice_by, contract_seats,
contract_product and contract_auto_renew make a contract. An empty cell leaves the field as it is.

signals: account, signal and value are needed; date (or at), by, user, id and mode may follow. A row without a
mode sets its day's value, so that a file can be imported again after a correction.

Signals of an account that the bot does not know yet are kept until the account arrives; such accounts are named
at the end, of the first 100 of the file.

Days are written 2026-04-01 or, as spreadsheets do, 2026/4/1. The file is UTF-8 with commas between the cells; another is
refused whole, as is one with a column that there is not.

Rows that are refused are listed with their line and reason at the end, the first 100 of them; the others stand.`,
		Example: `  playcaller import accounts customers.csv
  playcaller import signals logins.csv --to http://127.0.0.1:8080`,
		Args: func(c *cobra.Command, args []string) error {
			if err := exactly("accounts|signals", "FILE.csv")(c, args); err != nil {
				return err
			}
			if args[0] != "accounts" && args[0] != "signals" {
				return usageError{fmt.Errorf("import accounts or signals, not %q", args[0])}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			f, err := os.Open(args[1])
			if err != nil {
				return err
			}
			defer f.Close()
			if token == "" {
				token, _, _ = strings.Cut(getenv("PLAYCALLER_API_TOKENS"), ",")
			}
			i := &importer{url: strings.TrimSuffix(to, "/") + "/v1/" + args[0], token: token, out: c.OutOrStdout(), err: c.ErrOrStderr()}
			if args[0] == "signals" {
				i.row = sheet.Signal
				i.columns = func(s *sheet.Sheet) error {
					return cmp.Or(s.Only(sheet.SignalColumns(), ""), s.Needs("account", "signal", "value"))
				}
				i.about = strings.TrimSuffix(to, "/") + "/v1/accounts/"
			} else {
				i.row = sheet.Account
				i.columns = func(s *sheet.Sheet) error {
					return cmp.Or(s.Only(sheet.AccountColumns(), "contract_"), s.Needs("id"))
				}
			}
			return i.run(c.Context(), f)
		},
	}
	c.Flags().StringVar(&to, "to", "http://127.0.0.1:8080", "address of the bot")
	c.Flags().StringVar(&token, "token", "", "API token (or PLAYCALLER_API_TOKENS)")
	return c
}

// importer sends the rows of a CSV file.
type importer struct {
	url, token string
	about      string                   // where the bot tells of an account; "" where the rows are accounts themselves
	columns    func(*sheet.Sheet) error // says what is wrong with the first line
	row        func(map[string]string) (map[string]any, error)
	out, err   io.Writer

	accepted, duplicate int
	refused             []intake.Rejected // by line of the file
	named               []string          // accounts of the rows that were sent, the first mostAsked
}

func (i *importer) run(ctx context.Context, f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	bar := progressbar.NewOptions64(info.Size(), progressbar.OptionSetWriter(i.err), progressbar.OptionSetDescription("import"),
		progressbar.OptionShowBytes(true), progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(100*time.Millisecond))
	read := progressbar.NewReader(f, bar)
	err = i.rows(ctx, &read)
	if ferr := bar.Finish(); err == nil {
		err = ferr
	}
	if err != nil && i.accepted+i.duplicate+len(i.refused) == 0 {
		return fmt.Errorf("%s: %w; nothing of it was sent", f.Name(), err)
	}
	fmt.Fprintf(i.out, "%d rows accepted, %d known already, %d refused\n", i.accepted, i.duplicate, len(i.refused))
	slices.SortFunc(i.refused, func(a, b intake.Rejected) int { return a.Line - b.Line })
	for n, r := range i.refused {
		if n == mostRefused {
			fmt.Fprintf(i.out, "… and %d rows more\n", len(i.refused)-n)
			break
		}
		fmt.Fprintf(i.out, "%s:%d: %s\n", f.Name(), r.Line, r.Error)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", f.Name(), err)
	}
	i.tellStrangers(ctx)
	if len(i.refused) > 0 {
		return errFailed
	}
	return nil
}

// mostRefused is how many refused rows are listed: where there are more, they mostly have one thing in common.
const mostRefused = 100

// rows reads the file and sends it in chunks.
func (i *importer) rows(ctx context.Context, f io.Reader) error {
	table, err := sheet.Open(f)
	if err != nil {
		return err
	}
	if err := i.columns(table); err != nil {
		return err
	}
	var chunk []map[string]any
	var lines []int
	for {
		cells, line, err := table.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		var wrong *sheet.RowError
		if errors.As(err, &wrong) {
			i.refused = append(i.refused, intake.Rejected{Line: wrong.Line, Error: wrong.Err.Error()})
			continue
		}
		if err != nil {
			return err
		}
		object, err := i.row(table.Named(cells))
		if err != nil {
			i.refused = append(i.refused, intake.Rejected{Line: line, Error: err.Error()})
			continue
		}
		chunk, lines = append(chunk, object), append(lines, line)
		if len(chunk) == importChunk {
			if err := i.send(ctx, chunk, lines); err != nil {
				return err
			}
			chunk, lines = nil, nil
		}
	}
	return i.send(ctx, chunk, lines)
}

// send posts one chunk. While the bot is busy it waits as long as it is told, and tries again.
func (i *importer) send(ctx context.Context, chunk []map[string]any, lines []int) error {
	if len(chunk) == 0 {
		return nil
	}
	body, err := json.Marshal(chunk)
	if err != nil {
		return err
	}
	for {
		res, wait, err := i.post(ctx, body)
		if err != nil {
			return fmt.Errorf("after %d rows: %w", i.accepted, err)
		}
		if wait == 0 {
			i.note(chunk, res.Rejected)
			i.accepted += res.Accepted
			i.duplicate += res.Duplicate
			for _, r := range res.Rejected {
				i.refused = append(i.refused, intake.Rejected{Line: lines[r.Line-1], Error: r.Error})
			}
			return nil
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// mostAsked is of how many accounts it is asked whether the bot knows them.
const mostAsked = 100

// note keeps the accounts of the signals that were taken.
func (i *importer) note(chunk []map[string]any, rejected []intake.Rejected) {
	for n, row := range chunk {
		id, _ := row["account"].(string)
		refused := slices.ContainsFunc(rejected, func(r intake.Rejected) bool { return r.Line == n+1 })
		if i.about != "" && id != "" && !refused && len(i.named) < mostAsked && !slices.Contains(i.named, id) {
			i.named = append(i.named, id)
		}
	}
}

// tellStrangers names the accounts of signals that the bot does not know yet. Where it does
// not tell, nothing is said: the rows stand either way.
func (i *importer) tellStrangers(ctx context.Context) {
	var strangers []string
	for _, id := range i.named {
		known, err := i.knows(ctx, id)
		if err != nil {
			return
		}
		if !known {
			strangers = append(strangers, id)
		}
	}
	if n := len(strangers); n > 10 {
		strangers = append(strangers[:10], fmt.Sprintf("and %d more", n-10))
	}
	if len(strangers) > 0 {
		fmt.Fprintf(i.out, "accounts that are not known yet: %s; their signals are kept until playcaller import accounts or POST /v1/accounts brings them\n", strings.Join(strangers, ", "))
	}
}

// knows asks whether the bot knows an account.
func (i *importer) knows(ctx context.Context, id string) (bool, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, i.about+url.PathEscape(id), nil)
	if err != nil {
		return false, err
	}
	if i.token != "" {
		req.Header.Set("Authorization", "Bearer "+i.token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return false, err
	}
	defer res.Body.Close()
	if res.StatusCode == http.StatusNotFound {
		return false, nil
	}
	if res.StatusCode != http.StatusOK {
		return false, fmt.Errorf("answered %s", res.Status)
	}
	var said intake.AccountView
	err = json.NewDecoder(res.Body).Decode(&said)
	return said.Known, err
}

func (i *importer) post(ctx context.Context, body []byte) (res intake.Result, wait time.Duration, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, i.url, bytes.NewReader(body))
	if err != nil {
		return res, 0, err
	}
	if i.token != "" {
		req.Header.Set("Authorization", "Bearer "+i.token)
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return res, 0, fmt.Errorf("%w; is the bot running there? choose another address with --to", err)
	}
	defer answer.Body.Close()
	switch answer.StatusCode {
	case http.StatusAccepted:
		return res, 0, json.NewDecoder(answer.Body).Decode(&res)
	case http.StatusServiceUnavailable:
		if s, err := strconv.Atoi(answer.Header.Get("Retry-After")); err == nil {
			return res, time.Duration(max(1, s)) * time.Second, nil
		}
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, 4096))
	if err != nil {
		return res, 0, err
	}
	return res, 0, fmt.Errorf("%s answered %s: %s", i.url, answer.Status, bytes.TrimSpace(text))
}
