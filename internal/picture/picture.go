// Package picture makes of what somebody uploads the picture that is shown of
// them: a square, in two sizes, encoded anew. Nothing of the file comes through
// but what one sees: no place, no time, no camera, no file name, no comment.
//
// Nothing here knows a person, a disk or a network.
package picture

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	_ "image/gif" // the kinds that are read
	"image/jpeg"
	_ "image/png"

	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp"
)

// Limits of an upload. What it says of its size is read before any of it is
// unpacked: a small file may stand for a large picture.
const (
	UploadMax = 8 << 20 // bytes
	sideMax   = 12_000  // pixels
	pixelsMax = 16_000_000
	sideMin   = 64
)

// What is made of it, in pixels.
const (
	Large = 512
	Small = 128
)

// What is made of it, in bytes at most.
const (
	largeMax = 160 << 10
	smallMax = 24 << 10
)

// Why an upload may be refused.
var (
	// ErrKind means that it is no picture of a known kind, or of another one than
	// it says.
	ErrKind = errors.New("not a picture")
	// ErrSize means that it has too many bytes, or too many or too few pixels.
	ErrSize = errors.New("too large or too small")
)

// A Portrait is a square picture in two sizes, as JPEG (ITU-T T.81).
type Portrait struct {
	Large []byte // Large pixels wide and high
	Small []byte
}

// Make makes the portrait of an upload that says of itself that it is of a kind,
// such as image/png. The middle of it is taken.
func Make(kind string, upload []byte) (Portrait, error) {
	if len(upload) > UploadMax {
		return Portrait{}, ErrSize
	}
	c, is, err := image.DecodeConfig(bytes.NewReader(upload))
	if err != nil || "image/"+is != kind {
		return Portrait{}, ErrKind
	}
	if min(c.Width, c.Height) < sideMin || max(c.Width, c.Height) > sideMax || c.Width*c.Height > pixelsMax {
		return Portrait{}, ErrSize
	}
	whole, _, err := image.Decode(bytes.NewReader(upload))
	if err != nil {
		return Portrait{}, ErrKind
	}
	var p Portrait
	if p.Large, err = square(whole, Large, largeMax); err != nil {
		return Portrait{}, err
	}
	p.Small, err = square(whole, Small, smallMax)
	return p, err
}

// square returns the middle of a picture, side pixels wide, in at most most bytes.
func square(whole image.Image, side, most int) ([]byte, error) {
	b := whole.Bounds()
	half := min(b.Dx(), b.Dy()) / 2
	middle := image.Pt(b.Min.X+b.Dx()/2, b.Min.Y+b.Dy()/2)
	from := image.Rectangle{middle.Sub(image.Pt(half, half)), middle.Add(image.Pt(half, half))}
	to := image.NewRGBA(image.Rect(0, 0, side, side))
	draw.Draw(to, to.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src) // what shows through
	draw.CatmullRom.Scale(to, to.Bounds(), whole, from, draw.Over, nil)
	var out bytes.Buffer
	for quality := 86; ; quality -= 8 {
		out.Reset()
		if err := jpeg.Encode(&out, to, &jpeg.Options{Quality: quality}); err != nil {
			return nil, fmt.Errorf("encode: %w", err)
		}
		if out.Len() <= most || quality <= 30 {
			break
		}
	}
	if out.Len() > most {
		return nil, ErrSize // not even noise is so large
	}
	return bytes.Clone(out.Bytes()), nil
}
