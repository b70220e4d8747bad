// Command screenshots makes the pictures of the documentation: the HTML report of the example company, as a real
// browser shows it. `make screenshots` runs it.
package main

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/report"
	"github.com/tenure-access/terraform-provider-tenure/internal/report/browsertest"
)

func main() {
	plan := flag.String("plan", "internal/report/testdata/company.json.gz", "`file` with the JSON of a plan, compressed")
	to := flag.String("o", "docs/images/report.png", "`file` to write")
	flag.Parse()
	if err := run(*plan, *to); err != nil {
		fmt.Fprintln(os.Stderr, "Error:", err)
		os.Exit(1)
	}
}

func run(plan, to string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	dir, err := os.MkdirTemp("", "screenshots")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // the system clears its temporary files as well
	page := filepath.Join(dir, "report.html")
	if err := write(plan, page); err != nil {
		return err
	}
	browser, err := browsertest.Start(ctx)
	if err != nil {
		return err
	}
	defer browser.Close()
	shot, err := shoot(browser, page)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil { //nolint:gosec // documentation is for everybody
		return err
	}
	if err := os.WriteFile(to, shot, 0o644); err != nil { //nolint:gosec // documentation is for everybody
		return err
	}
	fmt.Printf("%s: %d kB\n", to, len(shot)>>10)
	return nil
}

// write makes the HTML report of a plan.
func write(plan, page string) error {
	f, err := os.Open(plan)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // read only
	z, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	r, err := report.Read(report.Input{Name: "plan.json", JSON: z})
	if err != nil {
		return err
	}
	var html bytes.Buffer
	if err := r.WriteHTML(&html, report.HTMLOptions{}); err != nil {
		return err
	}
	return os.WriteFile(page, html.Bytes(), 0o600)
}

const width, height = 1120, 1060

// shoot opens somebody who leaves, and takes a picture of what a reviewer sees first.
func shoot(b *browsertest.Browser, page string) ([]byte, error) {
	p, err := b.Open(page, browsertest.Screen{Width: width, Height: height, Scale: 1.5})
	if err != nil {
		return nil, err
	}
	defer p.Close()
	const open = `(() => { const b = [...document.querySelectorAll(".who")].find((w) => w.querySelector(".leaver") && w.closest("tr").querySelectorAll("td:not(:empty)").length > 1); if (!b) return false; b.click(); document.activeElement.blur(); scrollTo(0, 0); return true; })()`
	if ok, err := browsertest.Eval[bool](p, open); err != nil || !ok {
		return nil, fmt.Errorf("nobody leaves in this plan, so there is nobody to show: %w", err)
	}
	shot, err := p.Screenshot(width, height)
	if err != nil {
		return nil, err
	}
	return small(shot)
}

// small writes the picture with a palette: flat colors need no more, and the file is a third.
func small(shot []byte) ([]byte, error) {
	from, err := png.Decode(bytes.NewReader(shot))
	if err != nil {
		return nil, err
	}
	to := image.NewPaletted(from.Bounds(), palette(from))
	draw.Draw(to, to.Rect, from, image.Point{}, draw.Src)
	var out bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, to); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// palette is the 256 colors that occur most, the shades of letters' edges among them.
func palette(m image.Image) color.Palette {
	count := make(map[color.RGBA]int)
	for y := m.Bounds().Min.Y; y < m.Bounds().Max.Y; y++ {
		for x := m.Bounds().Min.X; x < m.Bounds().Max.X; x++ {
			r, g, b, _ := m.At(x, y).RGBA()
			count[color.RGBA{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8), 255}]++
		}
	}
	var p color.Palette
	most := slices.SortedFunc(maps.Keys(count), func(a, b color.RGBA) int { // the same in every run
		return cmp.Or(count[b]-count[a], int(a.R)-int(b.R), int(a.G)-int(b.G), int(a.B)-int(b.B))
	})
	for _, c := range most[:min(len(most), 256)] {
		p = append(p, c)
	}
	return p
}
