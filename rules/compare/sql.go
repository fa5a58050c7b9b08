package compare

import (
	"database/sql"
	"fmt"
	"strings"

	_ "modernc.org/sqlite" // registers the driver
)

// A database is the world in SQLite, in memory, each signal a table that is clustered
// by account and has a covering index by day.
type database struct {
	db    *sql.DB
	today int
}

func newDatabase(w *world) (*database, error) {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1) // each connection would have a memory of its own
	d := &database{db, int(w.today)}
	if err := d.fill(w); err != nil {
		db.Close()
		return nil, fmt.Errorf("fill the database: %w", err)
	}
	return d, nil
}

func (d *database) fill(w *world) error {
	tx, err := d.db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.Exec(`CREATE TABLE accounts (account INTEGER PRIMARY KEY, seats REAL)`); err != nil {
		return err
	}
	for i, c := range w.accounts {
		if _, err := tx.Exec(`INSERT INTO accounts VALUES (?, ?)`, i, c.seats); err != nil {
			return err
		}
	}
	for k, def := range signals() {
		if _, err := tx.Exec(fmt.Sprintf(`CREATE TABLE %s (account INTEGER, day INTEGER, value REAL, PRIMARY KEY (account, day)) WITHOUT ROWID`, def.Name)); err != nil {
			return err
		}
		insert, err := tx.Prepare(fmt.Sprintf(`INSERT INTO %s VALUES (?, ?, ?)`, def.Name))
		if err != nil {
			return err
		}
		for i := range w.accounts {
			for day, v := range w.accounts[i].series[k] {
				if v == absent {
					continue
				}
				if _, err := insert.Exec(i, d.today-(days-1-day), v); err != nil {
					return err
				}
			}
		}
		if _, err := tx.Exec(fmt.Sprintf(`CREATE INDEX %s_by_day ON %s (day, account, value)`, def.Name, def.Name)); err != nil {
			return err
		}
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	_, err = d.db.Exec(`ANALYZE`)
	return err
}

// aggregate reads every table once and has what all rules need as columns.
const aggregate = `
WITH l AS (SELECT account,
	max(day) >= :today - 2 AS l_alive,
	sum(CASE WHEN day > :today - 7 THEN value ELSE 0.0 END) AS l_sum7,
	sum(CASE WHEN day > :today - 28 THEN value ELSE 0.0 END) AS l_sum28,
	sum(CASE WHEN day BETWEEN :today - 14 AND :today - 1 THEN value ELSE 0.0 END) AS l_past14,
	sum(CASE WHEN day BETWEEN :today - 7 AND :today - 1 THEN value ELSE 0.0 END) AS l_past7,
	sum(CASE WHEN day BETWEEN :today - 21 AND :today - 1 THEN value ELSE 0.0 END) AS l_past21,
	sum(CASE WHEN day BETWEEN :today - 56 AND :today - 1 THEN value ELSE 0.0 END) AS l_past56,
	max(CASE WHEN day > :today - 28 THEN value END) AS l_max28,
	coalesce(max(CASE WHEN value <> 0 THEN day END), min(day)) AS l_something
	FROM logins GROUP BY account),
h AS (SELECT account,
	max(day) >= :today - 2 AS h_alive,
	sum(CASE WHEN day > :today - 7 THEN value ELSE 0.0 END) AS h_sum7,
	sum(CASE WHEN day > :today - 28 THEN value ELSE 0.0 END) AS h_sum28,
	sum(CASE WHEN day BETWEEN :today - 28 AND :today - 1 THEN value ELSE 0.0 END) AS h_past28
	FROM help_views GROUP BY account),
s AS (SELECT account,
	sum(CASE WHEN day = :today THEN value END) AS s_last,
	sum(CASE WHEN day BETWEEN :today - 28 AND :today - 1 THEN value ELSE 0.0 END) AS s_past28,
	max(CASE WHEN day > :today - 90 THEN value END) AS s_max90
	FROM seats_used GROUP BY account)
SELECT account, %s FROM accounts LEFT JOIN l USING (account) LEFT JOIN h USING (account) LEFT JOIN s USING (account) ORDER BY account`

// once answers all rules by one statement.
func (d *database) once() (answers, error) {
	var columns []string
	for _, r := range ruleSet() {
		columns = append(columns, "coalesce("+r.once+", 0)")
	}
	rows, err := d.db.Query(fmt.Sprintf(aggregate, strings.Join(columns, ", ")), sql.Named("today", d.today))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	a := make(answers, len(columns))
	var account int
	holds := make([]bool, len(columns))
	into := []any{&account}
	for i := range holds {
		into = append(into, &holds[i])
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		for i, is := range holds {
			if is {
				a[i] = append(a[i], account)
			}
		}
	}
	return a, rows.Err()
}

// perRule answers each rule by a statement of its own, which reads only the days that
// it needs.
func (d *database) perRule() (answers, error) {
	var a answers
	for _, r := range ruleSet() {
		found, err := d.accounts(r.alone)
		if err != nil {
			return nil, fmt.Errorf("rule %s: %w", r.name, err)
		}
		a = append(a, found)
	}
	return a, nil
}

func (d *database) accounts(statement string) ([]int, error) {
	rows, err := d.db.Query(statement+" ORDER BY 1", sql.Named("today", d.today))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var found []int
	for rows.Next() {
		var account int
		if err := rows.Scan(&account); err != nil {
			return nil, err
		}
		found = append(found, account)
	}
	return found, rows.Err()
}
