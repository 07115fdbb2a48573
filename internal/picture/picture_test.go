package picture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"testing"
)

// noise is a picture that cannot be packed: the worst that somebody may upload.
func noise(w, h int) image.Image {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	rnd := rand.New(rand.NewPCG(1, 2))
	for i := range m.Pix {
		m.Pix[i] = byte(rnd.Uint32())
	}
	return m
}

// halves is red on the left and blue on the right.
func halves(w, h int) image.Image {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for x := range w {
		for y := range h {
			c := color.RGBA{R: 200, A: 255}
			if x >= w/2 {
				c = color.RGBA{B: 200, A: 255}
			}
			m.Set(x, y, c)
		}
	}
	return m
}

func encoded(t testing.TB, kind string, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	var err error
	switch kind {
	case "image/png":
		err = png.Encode(&b, m)
	case "image/gif":
		err = gif.Encode(&b, m, nil)
	default:
		err = jpeg.Encode(&b, m, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestPortrait(t *testing.T) {
	for _, kind := range []string{"image/png", "image/jpeg", "image/gif"} {
		p, err := Make(kind, encoded(t, kind, halves(900, 300)))
		if err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		for side, b := range map[int][]byte{Large: p.Large, Small: p.Small} {
			m, err := jpeg.Decode(bytes.NewReader(b))
			if err != nil || m.Bounds() != image.Rect(0, 0, side, side) {
				t.Fatalf("%s: %v, %v", kind, m.Bounds(), err)
			}
			left, _, _, _ := m.At(side/8, side/2).RGBA()
			_, _, right, _ := m.At(side*7/8, side/2).RGBA()
			if left>>8 < 150 || right>>8 < 150 {
				t.Errorf("%s: the middle is not what is shown", kind)
			}
		}
	}
}

// However it is uploaded, little is kept.
func TestLittleIsKept(t *testing.T) {
	p, err := Make("image/png", encoded(t, "image/png", noise(1200, 1200)))
	if err != nil {
		t.Fatal(err)
	}
	if sum := len(p.Large) + len(p.Small); sum > 200<<10 || len(p.Large) > largeMax || len(p.Small) > smallMax {
		t.Errorf("%d and %d bytes", len(p.Large), len(p.Small))
	}
}

// What a camera writes beside the picture does not come through.
func TestNothingBesideThePicture(t *testing.T) {
	secret := []byte("48.1372 N 11.5756 E, by somebody")
	b := encoded(t, "image/jpeg", halves(300, 300))
	app := append([]byte{0xff, 0xe1, 0, 0}, append([]byte("Exif\x00\x00"), secret...)...)
	binary.BigEndian.PutUint16(app[2:], uint16(len(app)-2)) //nolint:gosec // small
	b = append(append(bytes.Clone(b[:2]), app...), b[2:]...)
	if !bytes.Contains(b, secret) {
		t.Fatal("there is nothing to find")
	}
	p, err := Make("image/jpeg", b)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(p.Large, secret) || bytes.Contains(p.Small, secret) || bytes.Contains(p.Large, []byte("Exif")) {
		t.Error("where a picture was taken is in what is shown")
	}
}

func TestRefused(t *testing.T) {
	bomb := encoded(t, "image/png", halves(100, 100))
	binary.BigEndian.PutUint32(bomb[16:], 30_000) // the width that it says
	for name, c := range map[string]struct {
		kind   string
		upload []byte
		want   error
	}{
		"nothing":                   {"image/png", nil, ErrKind},
		"a text":                    {"image/png", []byte("<svg onload=alert(1)>"), ErrKind},
		"another kind than it says": {"image/jpeg", encoded(t, "image/png", halves(100, 100)), ErrKind},
		"no picture's kind":         {"text/html", encoded(t, "image/png", halves(100, 100)), ErrKind},
		"half of one":               {"image/png", encoded(t, "image/png", noise(100, 100))[:5000], ErrKind},
		"a wrong checksum":          {"image/png", bomb, ErrKind},
		"a dot":                     {"image/png", encoded(t, "image/png", halves(8, 8)), ErrSize},
		"a line":                    {"image/png", encoded(t, "image/png", halves(sideMax+1, 64)), ErrSize},
		"more than may be uploaded": {"image/png", make([]byte, UploadMax+1), ErrSize},
	} {
		if _, err := Make(c.kind, c.upload); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func FuzzMake(f *testing.F) {
	for _, kind := range []string{"image/png", "image/jpeg", "image/gif"} {
		f.Add(kind, encoded(f, kind, halves(70, 70)))
	}
	f.Fuzz(func(t *testing.T, kind string, upload []byte) {
		if p, err := Make(kind, upload); err == nil && (len(p.Large) == 0 || len(p.Small) == 0) {
			t.Error("a portrait of nothing")
		}
	})
}
