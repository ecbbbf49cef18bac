package pgsession

import (
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// rows are pgx.Rows with something to do once they are read.
type rows struct {
	pgx.Rows
	after func(error) error // gets the error of the rows, and returns the one to show
	err   error
}

// Next implements pgx.Rows.
func (r *rows) Next() bool {
	if r.Rows.Next() {
		return true
	}
	r.settle()
	return false
}

// Close implements pgx.Rows.
func (r *rows) Close() {
	r.Rows.Close()
	r.settle()
}

// Err implements pgx.Rows.
func (r *rows) Err() error {
	if r.err != nil {
		return r.err
	}
	return known(unbatched(r.Rows.Err()))
}

// Values implements pgx.Rows.
func (r *rows) Values() ([]any, error) {
	values, err := r.Rows.Values()
	return values, known(err)
}

func (r *rows) settle() {
	if r.after == nil {
		return
	}
	after := r.after
	r.after = nil
	r.err = known(unbatched(after(r.Rows.Err())))
}

// failedRows are rows that have failed already, as pgx returns them beside an error.
func failedRows(err error) pgx.Rows {
	r, _ := pgx.FailedBatchResults(&pgx.Batch{}, err).Query()
	return r
}

// row is the first of some rows, as pgx's QueryRow has it.
type row struct{ rows pgx.Rows }

// Scan implements pgx.Row.
func (r row) Scan(dest ...any) error {
	defer r.rows.Close()
	if err := r.rows.Err(); err != nil {
		return err
	}
	for _, d := range dest {
		if _, ok := d.(*pgtype.DriverBytes); ok {
			return errors.New("cannot scan into *pgtype.DriverBytes from QueryRow")
		}
	}
	if !r.rows.Next() {
		if err := r.rows.Err(); err != nil {
			return err
		}
		return pgx.ErrNoRows
	}
	_ = r.rows.Scan(dest...) // Err has it
	r.rows.Close()
	return r.rows.Err()
}

// batchResults gives errors of the kernel their sentinel.
type batchResults struct{ pgx.BatchResults }

// Exec implements pgx.BatchResults.
func (b batchResults) Exec() (pgconn.CommandTag, error) {
	tag, err := b.BatchResults.Exec()
	return tag, known(unbatched(err))
}

// Query implements pgx.BatchResults.
func (b batchResults) Query() (pgx.Rows, error) {
	r, err := b.BatchResults.Query()
	return &rows{Rows: r}, known(unbatched(err))
}

// QueryRow implements pgx.BatchResults.
func (b batchResults) QueryRow() pgx.Row {
	r, _ := b.Query()
	return row{r}
}

// Close implements pgx.BatchResults.
func (b batchResults) Close() error { return known(unbatched(b.BatchResults.Close())) }
