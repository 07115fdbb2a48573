// Package query is the SQL of the stores: the schema as migrations, and the
// queries with the Go code that sqlc makes of them. The text keeps to what
// SQLite and PostgreSQL both understand, so that one set serves both. It holds
// no rules and opens no database.
package query

import "embed"

// Migrations brings a database to the schema that the queries need.
//
//go:embed migrations/*.sql
var Migrations embed.FS

// Tables are those with the records, in an order in which none refers to a later
// one. The first column or two of each tell its rows apart.
var Tables = []string{
	"people", "house", "clear_names", "profiles", "pictures", "passkeys", "sessions", "invites", "follows", "hidden", "blocks",
	"clubs", "club_people", "club_follows",
	"rooms", "room_events", "reports", "wardens", "entries", "written_reports", "decisions", "answers", "pairs", "plans", "plan_hosts", "plan_guests", "plan_goers", "calendars",
	"talk_devices", "packages", "conversations", "conversation_people", "conversation_devices", "conversation_items",
	"discovery_people", "discovery_values", "discovery_lists", "discovery_key",
	"news", "news_people", "devices", "addresses",
}

//go:generate go run github.com/sqlc-dev/sqlc/cmd/sqlc@v1.31.1 generate -f ../../../sqlc.yaml
