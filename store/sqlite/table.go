package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"playcaller/store"
)

const (
	// applicationID marks the file as ours; it reads "Play" in the file's
	// header (https://www.sqlite.org/fileformat2.html#application_id).
	applicationID = 0x506c6179

	// fileVersion is the version of the tables' form, not of the documents in
	// them. It is kept in user_version.
	fileVersion = 1
)

// table is a collection as a table.
type table struct {
	name    string
	indexes []string
	get     *sql.Stmt

	insertSQL, replaceSQL string
}

func newTable(c store.Collection) *table {
	t := &table{name: c.Name, indexes: c.Indexes}
	columns, marks := []string{"v", "key", "s", "body"}, "1, ?, ?, ?"
	sets := []string{"v = v + 1", "s = ?", "body = ?"}
	for _, name := range c.Indexes {
		columns = append(columns, "f_"+name)
		marks += ", ?"
		sets = append(sets, "f_"+name+" = ?")
	}
	t.insertSQL = fmt.Sprintf("INSERT INTO c_%s (%s) VALUES (%s) ON CONFLICT DO NOTHING", t.name, strings.Join(columns, ", "), marks)
	t.replaceSQL = fmt.Sprintf("UPDATE c_%s SET %s WHERE key = ? AND v = ?", t.name, strings.Join(sets, ", "))
	return t
}

// row is one record to be written, or to be removed.
type row struct {
	key     string
	version int64
	args    []any // of insertSQL if version is 0, else of replaceSQL
	remove  bool
}

func (t *table) row(r store.Record) row {
	args := []any{r.Schema, r.Body}
	for _, name := range t.indexes {
		args = append(args, r.Fields[name])
	}
	if r.Version == 0 {
		args = slices.Insert(args, 0, any(r.Key))
	} else {
		args = append(args, r.Key, r.Version)
	}
	return row{key: r.Key, version: r.Version, args: args}
}

func (t *table) selectSQL(keysOnly bool) string {
	columns := []string{"key", "v", "s"}
	if !keysOnly {
		columns = append(columns, "body")
	}
	for _, name := range t.indexes {
		columns = append(columns, "f_"+name)
	}
	return fmt.Sprintf("SELECT %s FROM c_%s", strings.Join(columns, ", "), t.name)
}

// findSQL turns a query into SQL and its arguments. Every condition on a field
// is one that its index can answer; columns have no type, so that int64 and
// string stay what they are, and SQLite puts all int64 before all strings.
func (t *table) findSQL(q store.Query) (string, []any) {
	column, order := "key", "key"
	if q.Field != "" {
		column = "f_" + q.Field
		order = column + ", key"
	}
	var where []string
	var args []any
	add := func(condition string, values ...any) {
		where = append(where, condition)
		args = append(args, values...)
	}
	switch {
	case q.Equal != nil:
		add(column+" = ?", q.Equal)
	case q.From == nil && q.To == nil && q.Field != "":
		add(column + " IS NOT NULL")
	}
	if q.From != nil {
		add(column+" >= ?", q.From)
		if _, number := q.From.(int64); number && q.To == nil {
			add(column + " < ''")
		}
	}
	if q.To != nil {
		add(column+" < ?", q.To)
		if _, text := q.To.(string); text && q.From == nil {
			add(column + " >= ''")
		}
	}
	beyond, direction := ">", ""
	if q.Desc {
		beyond, direction = "<", " DESC"
		order = strings.ReplaceAll(order, ",", " DESC,")
	}
	if q.After != nil && q.Field == "" {
		add("key "+beyond+" ?", q.After.Key)
	} else if q.After != nil {
		add(fmt.Sprintf("(%s, key) %s (?, ?)", column, beyond), q.After.Value, q.After.Key)
	}
	text := t.selectSQL(q.KeysOnly)
	if len(where) > 0 {
		text += " WHERE " + strings.Join(where, " AND ")
	}
	text += " ORDER BY " + order + direction
	if q.Limit > 0 {
		text += " LIMIT ?"
		args = append(args, q.Limit)
	}
	return text, args
}

// prepareFile checks whose file it is and makes what is missing in it, in one
// transaction.
func prepareFile(ctx context.Context, conn *sql.Conn, tables map[string]*table) error {
	if _, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	err := checkOwner(ctx, conn)
	for _, name := range sortedNames(tables) {
		if err == nil {
			err = tables[name].create(ctx, conn)
		}
	}
	if err == nil {
		_, err = conn.ExecContext(ctx, fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d", applicationID, fileVersion))
	}
	if err == nil {
		_, err = conn.ExecContext(ctx, "COMMIT")
	}
	if err != nil {
		_, _ = conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK") // the error to tell is the first
	}
	return err
}

func sortedNames(tables map[string]*table) []string {
	names := make([]string, 0, len(tables))
	for name := range tables {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func checkOwner(ctx context.Context, conn *sql.Conn) error {
	var owner, version, things int
	for _, q := range []struct {
		text string
		into *int
	}{
		{"PRAGMA application_id", &owner},
		{"PRAGMA user_version", &version},
		{"SELECT count(*) FROM sqlite_schema", &things},
	} {
		if err := conn.QueryRowContext(ctx, q.text).Scan(q.into); err != nil {
			return err
		}
	}
	switch {
	case owner != applicationID && (owner != 0 || things > 0):
		return errForeign
	case version > fileVersion:
		return fmt.Errorf("the file has form %d, this program knows up to %d: %w; start the newer program, or restore a backup from before it",
			version, fileVersion, store.ErrNewer)
	}
	return nil
}

// create makes the table, its columns and its indexes where they are missing.
// Indexes leave out the records that have no value.
func (t *table) create(ctx context.Context, conn *sql.Conn) error {
	exec := func(format string, args ...any) error {
		_, err := conn.ExecContext(ctx, fmt.Sprintf(format, args...))
		return err
	}
	if err := exec(`CREATE TABLE IF NOT EXISTS c_%s (key TEXT NOT NULL PRIMARY KEY, v INTEGER NOT NULL,
		s INTEGER NOT NULL, body BLOB)`, t.name); err != nil {
		return err
	}
	for _, name := range t.indexes {
		var there int
		err := conn.QueryRowContext(ctx, "SELECT count(*) FROM pragma_table_info(?) WHERE name = ?", "c_"+t.name, "f_"+name).Scan(&there)
		if err == nil && there == 0 {
			err = exec("ALTER TABLE c_%s ADD COLUMN f_%s", t.name, name)
		}
		if err == nil {
			err = exec("CREATE INDEX IF NOT EXISTS i_%s__%s ON c_%[1]s (f_%[2]s, key) WHERE f_%[2]s IS NOT NULL", t.name, name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
