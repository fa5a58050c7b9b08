// Package stream is the event log: everything that happens to a key is an event in it, durable before it is
// acknowledged, and read in order by the one replica that owns the key's partition.
package stream
