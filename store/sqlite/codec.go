package sqlite

import (
	"errors"
	"fmt"

	"github.com/klauspost/compress/zstd"

	"playcaller/store"
)

// packFrom is the size in bytes from which a body is worth compressing. Below
// it a record seldom needs fewer pages for being shorter.
const packFrom = 1024

// codec compresses bodies. Its methods may be called from many goroutines.
type codec struct {
	encoder *zstd.Encoder
	decoder *zstd.Decoder
}

func newCodec() (*codec, error) {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest),
		zstd.WithWindowSize(128<<10), zstd.WithEncoderConcurrency(4), zstd.WithEncoderCRC(true))
	if err != nil {
		return nil, fmt.Errorf("start the compressor: %w", err)
	}
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(store.MaxBody))
	if err != nil {
		return nil, fmt.Errorf("start the decompressor: %w", err)
	}
	return &codec{encoder, decoder}, nil
}

// pack returns what to store for the body, and the body's length if that is
// compressed, else 0.
func (c *codec) pack(body []byte) ([]byte, int) {
	if len(body) < packFrom {
		return body, 0
	}
	packed := c.encoder.EncodeAll(body, make([]byte, 0, len(body)/2))
	if len(packed) >= len(body)*9/10 {
		return body, 0
	}
	return packed, len(body)
}

// unpack returns the body as a copy.
func (c *codec) unpack(packed []byte, length int) ([]byte, error) {
	if length == 0 {
		return append([]byte{}, packed...), nil
	}
	if length < 0 || length > store.MaxBody {
		return nil, fmt.Errorf("impossible length %d", length)
	}
	body, err := c.decoder.DecodeAll(packed, make([]byte, 0, length))
	if err != nil {
		return nil, err
	}
	if len(body) != length {
		return nil, errors.New("wrong length")
	}
	return body, nil
}

func (c *codec) close() {
	c.decoder.Close()
}
