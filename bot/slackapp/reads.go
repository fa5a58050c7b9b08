package slackapp

import (
	"context"
	"time"

	"playcaller/playbooks"
	"playcaller/rules"
)

// Reads is what the app must know at once, within the three seconds of a
// trigger, to check a click, to open a view or to answer a command. It is
// answered from the store, never from Slack. A thing that is not there is
// (nil, nil).
type Reads interface {
	Account(ctx context.Context, id string) (*rules.Account, error)
	// FindAccounts returns at most limit accounts whose id or name contains the
	// words, best first; empty words mean those of the person.
	FindAccounts(ctx context.Context, words, person string, limit int) ([]*rules.Account, error)

	Run(ctx context.Context, id string) (*playbooks.Run, error)
	// AccountRuns returns the account's runs, open ones first, then newest.
	AccountRuns(ctx context.Context, account string) ([]*playbooks.Run, error)
	// Kept returns what else the bot keeps of an account.
	Kept(ctx context.Context, account string) (Kept, error)
	// OpenRuns returns the open runs that wait for the person or are theirs.
	OpenRuns(ctx context.Context, person string) ([]*playbooks.Run, error)

	// Book returns the book of that hash, or the present one for "".
	Book(ctx context.Context, hash string) (*playbooks.Book, error)
	// Team returns today's people.
	Team(ctx context.Context) (*playbooks.Team, error)
	// Facts returns what a book's texts, forms and charts are made of: the account
	// and its series as at the time, for the book of that hash ("" the present one).
	Facts(ctx context.Context, account, book string, at time.Time) (*rules.Facts, error)
	// Decisions returns what the rules last said of the account and playbook,
	// newest first; an empty playbook means the newest one of each.
	Decisions(ctx context.Context, account, playbook string) ([]rules.Decision, error)
}
