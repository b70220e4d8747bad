package provider

import (
	"bytes"
	"fmt"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/vmihailenco/msgpack/v5"
)

// message is a value written straight into MessagePack, the form in which values go to Terraform; objects and maps
// are the same there. It is for what is too large to be held as values first.
type message struct {
	buf *bytes.Buffer
	enc *msgpack.Encoder
	err error // the first
}

// newMessage begins a message of about size bytes.
func newMessage(size int) *message {
	buf := bytes.NewBuffer(make([]byte, 0, size))
	return &message{buf: buf, enc: msgpack.NewEncoder(buf)}
}

func (w *message) note(err error) {
	if w.err == nil {
		w.err = err
	}
}

// object begins an object or map, of which n keys with their values follow.
func (w *message) object(n int)  { w.note(w.enc.EncodeMapLen(n)) }
func (w *message) key(k string)  { w.note(w.enc.EncodeString(k)) }
func (w *message) text(s string) { w.note(w.enc.EncodeString(s)) }

// field is a key with a text, which is null when empty.
func (w *message) field(k, s string) {
	w.key(k)
	if s == "" {
		w.note(w.enc.EncodeNil())
		return
	}
	w.text(s)
}

func (w *message) flag(k string, b bool) {
	w.key(k)
	w.note(w.enc.EncodeBool(b))
}

func (w *message) value() (*tfprotov6.DynamicValue, error) {
	if w.err != nil {
		return nil, fmt.Errorf("encode a value: %w", w.err)
	}
	return &tfprotov6.DynamicValue{MsgPack: w.buf.Bytes()}, nil
}
