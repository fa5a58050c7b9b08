package rules

import (
	"fmt"
	"strings"
)

// A ReferencePart is a part of what expressions may read.
type ReferencePart struct {
	Title   string
	Entries []ReferenceEntry
}

// A ReferenceEntry is one thing that an expression may read, by an example of it.
type ReferenceEntry struct {
	Example string // in the terms of the starter book
	About   string
	For     string // the kinds of signals that a feature is suited to; "" where it is none
}

// Reference lists everything that expressions may read, for the authors' reference.
func Reference() []ReferencePart {
	features := ReferencePart{Title: "Features of a signal"}
	for _, form := range featureForms() {
		signal := "logins."
		var kinds []string
		for _, k := range form.kinds {
			kinds = append(kinds, string(k))
		}
		switch {
		case form.op == opTop || form.op == opBy:
			signal = "help_views."
		case len(form.kinds) == 1 && form.kinds[0] == Unique:
			signal = "users."
		}
		about := sentence(form.about)
		if form.vs {
			about += ` {vs: "8w"} compares with the middle of so many weeks instead of the level that follows the account.`
		}
		if form.alarms {
			about += ` {alarms: "1/year"} says how often chance may raise it.`
		}
		if form.op.inHours() {
			about += fmt.Sprintf(` Of an hourly signal also of hours: %s("6h").`, form.op)
		}
		features.Entries = append(features.Entries, ReferenceEntry{signal + strings.ReplaceAll(form.example, "VALUE", "exports"), about, strings.Join(kinds, ", ")})
	}
	part := func(title string, entries ...[2]string) ReferencePart {
		p := ReferencePart{Title: title}
		for _, e := range entries {
			p.Entries = append(p.Entries, ReferenceEntry{Example: e[0], About: e[1]})
		}
		return p
	}
	return []ReferencePart{
		features,
		part("The account",
			[2]string{"account.id", "Its id."}, [2]string{"account.name", "Its name, or its id where it has none."},
			[2]string{"account.parent", "The id of the account it belongs to."}, [2]string{"account.url", "Its page in the CRM."},
			[2]string{"account.plan", "Its plan."}, [2]string{"account.industry", "Its industry."}, [2]string{"account.currency", "The currency of its ARR."},
			[2]string{"account.country", "Two letters. Its holidays are left out of comparisons."}, [2]string{"account.language", "The language of its people."},
			[2]string{"account.time_zone", "Where its days begin and end."}, [2]string{"account.health", "green, yellow, red or unknown."},
			[2]string{"account.stage", "The same as stage."}, [2]string{"account.arr", "Annual recurring revenue."}, [2]string{"account.seats", "Seats paid for."},
			[2]string{"account.size", "Employees."}, [2]string{"account.day", "The account's local day."},
			[2]string{"account.owner", "The person in that role today; so too ae, se, onboarding, partner_manager and every role of team.yaml."},
			[2]string{"account.risk", "A field of your own, by its name under attributes of signals.yaml."}),
		part("The contract: the one judged with for_each, else the current one that ends first",
			[2]string{"contract.id", "Its id."}, [2]string{"contract.product", "What was bought."}, [2]string{"contract.partner", "Through whom."},
			[2]string{"contract.seats", "Its seats."}, [2]string{"contract.amount", "Its yearly amount."}, [2]string{"contract.start", "Its first day."},
			[2]string{"contract.end", "Its last day."}, [2]string{"contract.notice_by", "The last day to give notice; the end of one that does not renew by itself."},
			[2]string{"contract.end_in", "Days until it ends."}, [2]string{"contract.notice_in", "Days until the last day to give notice."},
			[2]string{"contract.signed", "Whether the next term is signed."}, [2]string{"contract.auto_renew", "Whether it renews by itself."}),
		part("Stage, milestones and segments",
			[2]string{"stage", "The stage of journey.yaml that the account is in."}, [2]string{"stage_days", "For how many days."},
			[2]string{`milestone("kickoff").reached`, "Whether it was reached."}, [2]string{`milestone("kickoff").date`, "When it was reached."},
			[2]string{`milestone("kickoff").due`, "When it is due."}, [2]string{`milestone("kickoff").late_by`, "Days since it was due, if it is not reached; 0 before."},
			[2]string{`segment.touch == "high"`, "The value of a segment of segments.yaml."}),
		part("Peers: the same feature of the other accounts of the same segment; unknown where fewer than ten are known",
			[2]string{`peers("logins.drop('14d')").median`, "Half of the peers have less, half have more; so too p10, p25, p75 and p90."},
			[2]string{`peers("logins.drop('14d')").share`, "The share of peers that are beyond chance: near 1 when everybody is down."},
			[2]string{`peers("logins.drop('14d')").count`, "Of how many peers it is known."},
			[2]string{`peers("logins.drop('14d')", {segment: "touch"}).p90`, "Of one segment's peers."}),
		part("Lengths of time and texts",
			[2]string{"contract.notice_by - 60d", "Days are added to dates and taken from them; 5wd are working days where the account is."},
			[2]string{"days(60)", "60 days, written as a number."},
			[2]string{`percent(logins.drop("14d"))`, "Writes a share, in a text: 57 %."}, [2]string{"number(account.arr)", "Writes a number as the reader's language does, in a text."},
			[2]string{"date(contract.end)", "Writes a date as the reader's language does, in a text."}),
	}
}

// sentence begins with a capital and ends with a full stop.
func sentence(s string) string { return strings.ToUpper(s[:1]) + s[1:] + "." }
