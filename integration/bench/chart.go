package main

import (
	"image/color"
	"os"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// palette has a colour for each contender but the reference, in their order; ours is the strong one.
var palette = []color.RGBA{
	{0x0b, 0x6e, 0x4f, 0xff}, {0x8a, 0x8a, 0x8a, 0xff}, {0xe0, 0x8e, 0x0b, 0xff}, {0xc0, 0x39, 0x2b, 0xff}, {0x7f, 0x3f, 0x98, 0xff}, {0x34, 0x6b, 0xb5, 0xff},
}

// chart draws the ratio to the best filter by hand by viewer, a panel for each query, for uuid keys or the last kind that
// was measured. A contender that reached its limit ends in a triangle at the limit.
func (r *results) chart(file string) error {
	keys := r.values(func(c cell) string { return c.Key })
	if len(keys) == 0 {
		return nil
	}
	key := keys[len(keys)-1]
	viewers := r.values(func(c cell) string { return c.Viewer })
	qs := r.values(func(c cell) string { return c.Query })
	panels, legend := make([][]*plot.Plot, 2), plot.NewLegend()
	legend.Top, legend.Left, legend.Padding = true, true, vg.Points(3)
	for i, q := range qs {
		var into *plot.Legend
		if i == 0 {
			into = &legend
		}
		p, err := r.panel(key, q, viewers, into)
		if err != nil {
			return err
		}
		panels[i/2%2] = append(panels[i/2%2], p)
	}
	if len(panels[1]) == 0 {
		panels = panels[:1]
	}
	const aside = 5.5 * vg.Centimeter // the legend's
	canvas := vgsvg.New(31*vg.Centimeter, vg.Length(len(panels))*8*vg.Centimeter)
	whole := draw.New(canvas)
	whole.SetColor(color.White)
	whole.Fill(whole.Rectangle.Path())
	dc := draw.Crop(whole, 0, -aside, 0, 0)
	legend.Draw(draw.Crop(whole, whole.Max.X-whole.Min.X-aside, 0, 0, -vg.Centimeter))
	tiles := draw.Tiles{Rows: len(panels), Cols: len(panels[0]), PadX: vg.Centimeter, PadY: vg.Centimeter / 2,
		PadTop: vg.Centimeter / 4, PadBottom: vg.Centimeter / 4, PadLeft: vg.Centimeter / 4, PadRight: vg.Centimeter / 2}
	for y, row := range plot.Align(panels, tiles, dc) {
		for x, c := range row {
			if panels[y][x] != nil {
				panels[y][x].Draw(c)
			}
		}
	}
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	if _, err := canvas.WriteTo(out); err != nil {
		_ = out.Close()
		return err
	}
	return out.Close()
}

func (r *results) panel(key, query string, viewers []string, legend *plot.Legend) (*plot.Plot, error) {
	p := plot.New()
	p.Title.Text = query + ", " + key + " keys: time / best filter by hand"
	p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	p.X.Label.Text = "the viewer sees"
	p.NominalX(viewers...)
	p.Add(plotter.NewGrid())
	line := plotter.NewFunction(func(float64) float64 { return 1 })
	line.Dashes = []vg.Length{vg.Points(4), vg.Points(3)}
	p.Add(line)
	low, high := 0.5, 2.0
	n := 0
	for _, name := range r.values(func(c cell) string { return c.Contender }) {
		if name == reference {
			continue
		}
		ink := palette[n%len(palette)]
		n++
		var points, bounds plotter.XYs
		for x, v := range viewers {
			c, hand := r.find(key, v, query, headline, name), r.find(key, v, query, headline, reference)
			switch {
			case c == nil || hand == nil || hand.Median == 0:
			case c.Ratio > 0:
				points = append(points, plotter.XY{X: float64(x), Y: c.Ratio})
			default:
				if limit, over := c.over(); over {
					bounds = append(bounds, plotter.XY{X: float64(x), Y: limit / hand.Median})
				}
			}
		}
		for _, xy := range append(points, bounds...) {
			low, high = min(low, xy.Y/1.5), max(high, xy.Y*1.5)
		}
		if err := add(p, name, points, bounds, ink, legend); err != nil {
			return nil, err
		}
	}
	p.Y.Min, p.Y.Max = low, high
	return p, nil
}

func add(p *plot.Plot, name string, points, bounds plotter.XYs, ink color.Color, legend *plot.Legend) error {
	if len(points) > 0 {
		line, dots, err := plotter.NewLinePoints(points)
		if err != nil {
			return err
		}
		line.Color, dots.Color, dots.Shape = ink, ink, draw.CircleGlyph{}
		line.Width = vg.Points(1)
		if name == product {
			line.Width = vg.Points(3)
		}
		p.Add(line, dots)
		if legend != nil {
			legend.Add(name, line, dots)
		}
	}
	if len(bounds) > 0 {
		dots, err := plotter.NewScatter(bounds)
		if err != nil {
			return err
		}
		dots.Color, dots.Shape, dots.Radius = ink, draw.TriangleGlyph{}, vg.Points(4)
		p.Add(dots)
		if legend != nil {
			legend.Add(name+", limit", dots)
		}
	}
	return nil
}
