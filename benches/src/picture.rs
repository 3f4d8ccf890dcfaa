//! The picture: for every mode a panel, in it for every architecture and peer one dot a shape and a
//! line at the geometric mean.

use std::path::Path;
use std::sync::Once;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::case::{Cell, Mode};
use crate::contestant::Contestant;
use crate::record::{Record, whole};
use crate::statistics::geometric_mean;

const WIDTH: u32 = 1200;
const PANEL: u32 = 400;
const HEADER: u32 = 70;
const FONT: &str = "sans-serif";
const GREY: RGBColor = RGBColor(110, 110, 110);
const PEERS: [(Contestant, RGBColor); 4] = [
    (Contestant::BurnNn, RGBColor(214, 84, 20)),
    (Contestant::Candle, RGBColor(140, 70, 160)),
    (Contestant::PyTorch, RGBColor(20, 105, 184)),
    (Contestant::OnnxRuntime, RGBColor(52, 140, 60)),
];

/// The ratios of one peer at one architecture.
struct Group {
    cell: Cell,
    peer: usize,
    ratios: Vec<f64>,
}

/// Draws how many times as long (or as much memory) as ours every peer needs, as a PNG file.
///
/// # Errors
///
/// Where there is nothing to draw, or the file cannot be written; a picture that was there stays then.
pub fn draw(path: &Path, record: &Record, modes: &[Mode], cells: &[Cell]) -> Result<(), String> {
    let panels: Vec<(Mode, Vec<Group>)> = modes
        .iter()
        .map(|&mode| (mode, groups(record, mode, cells)))
        .filter(|(_, groups)| !groups.is_empty())
        .collect();
    if panels.is_empty() {
        return Err("no peer took part, so there is nothing to draw; give --python, or build with --features peers".into());
    }
    register_font();
    let height = HEADER + PANEL * panels.len() as u32;
    whole(path, ".png", |file| {
        let area = BitMapBackend::new(file, (WIDTH, height)).into_drawing_area();
        area.fill(&WHITE).map_err(reason)?;
        let (head, body) = area.split_vertically(HEADER);
        header(&head, &panels)?;
        for (part, (mode, groups)) in body.split_evenly((panels.len(), 1)).iter().zip(&panels) {
            panel(part, *mode, groups)?;
        }
        area.present().map_err(reason)
    })
}

fn groups(record: &Record, mode: Mode, cells: &[Cell]) -> Vec<Group> {
    let mut groups = Vec::new();
    for &cell in cells {
        for (peer, (contestant, _)) in PEERS.iter().enumerate() {
            let rows = record.table(mode, cell);
            let ratios: Vec<f64> = rows.filter_map(|row| row.ratio(*contestant)).collect();
            if !ratios.is_empty() {
                groups.push(Group { cell, peer, ratios });
            }
        }
    }
    groups
}

type Area<'a> = DrawingArea<BitMapBackend<'a>, Shift>;

fn header(area: &Area<'_>, panels: &[(Mode, Vec<Group>)]) -> Result<(), String> {
    let title = "what the others need, as a multiple of burn-rnn: above 1 burn-rnn is ahead";
    area.draw(&Text::new(title, (16, 10), (FONT, 22)))
        .map_err(reason)?;
    let mut x = 16;
    for (index, (contestant, color)) in PEERS.iter().enumerate() {
        let groups = panels.iter().flat_map(|(_, groups)| groups);
        if groups.filter(|group| group.peer == index).count() == 0 {
            continue;
        }
        area.draw(&Circle::new((x + 6, 51), 6, color.filled()))
            .map_err(reason)?;
        area.draw(&Text::new(contestant.title(), (x + 18, 43), (FONT, 16)))
            .map_err(reason)?;
        x += 150;
    }
    let key = "a dot is a shape, a line the geometric mean";
    area.draw(&Text::new(
        key,
        (x + 10, 43),
        (FONT, 16).into_font().color(&GREY),
    ))
    .map_err(reason)
}

fn panel(area: &Area<'_>, mode: Mode, groups: &[Group]) -> Result<(), String> {
    let all = || groups.iter().flat_map(|group| group.ratios.iter().copied());
    let low = all().fold(1.0, f64::min) / 1.35;
    // Room for the figures above the highest dots.
    let high = all().fold(1.0, f64::max) * 1.9;
    // One place a peer, one free between architectures.
    let mut places = Vec::with_capacity(groups.len());
    let mut next = 0.0;
    for (index, group) in groups.iter().enumerate() {
        if index > 0 && groups[index - 1].cell != group.cell {
            next += 0.8;
        }
        places.push(next);
        next += 1.0;
    }
    let mut chart = ChartBuilder::on(area)
        .caption(mode.title(), (FONT, 18))
        .margin_left(10)
        .margin_right(20)
        .x_label_area_size(30)
        .y_label_area_size(60)
        .build_cartesian_2d(
            -0.8..next - 0.2,
            (low..high).log_scale().with_key_points(ticks(low, high)),
        )
        .map_err(reason)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .x_labels(0)
        .light_line_style(TRANSPARENT)
        .bold_line_style(GREY.mix(0.25))
        .y_labels(20)
        .y_label_formatter(&|ratio| format!("{}×", (ratio * 1e4).round() / 1e4))
        .label_style((FONT, 14))
        .draw()
        .map_err(reason)?;
    let even = [(-0.8, 1.0), (next - 0.2, 1.0)];
    chart
        .draw_series(std::iter::once(PathElement::new(
            even,
            BLACK.stroke_width(2),
        )))
        .map_err(reason)?;
    for (group, &x) in groups.iter().zip(&places) {
        let color = PEERS[group.peer].1;
        // Dots side by side: those of like shapes would hide each other.
        let count = group.ratios.len();
        let spread = |index: usize| match count {
            1 => 0.0,
            _ => 0.5 * (index as f64 / (count - 1) as f64 - 0.5),
        };
        let dots = group.ratios.iter().enumerate();
        let dots = dots.map(|(index, &ratio)| {
            Circle::new((x + spread(index), ratio), 4, color.mix(0.55).filled())
        });
        chart.draw_series(dots).map_err(reason)?;
        let mean = geometric_mean(&group.ratios);
        let line = [(x - 0.4, mean), (x + 0.4, mean)];
        chart
            .draw_series(std::iter::once(PathElement::new(
                line,
                color.stroke_width(4),
            )))
            .map_err(reason)?;
        let top = group.ratios.iter().copied().fold(mean, f64::max);
        let style = (FONT, 14).into_font().color(&color);
        let style = style.pos(Pos::new(HPos::Center, VPos::Bottom));
        // On white: dots and lines of the neighbours may pass behind.
        let paper = Rectangle::new([(-20, -23), (20, -8)], WHITE.mix(0.8).filled());
        let label = EmptyElement::at((x, top)) + paper + Text::new(figure(mean), (0, -8), style);
        chart.draw_series(std::iter::once(label)).map_err(reason)?;
    }
    names(area, &chart, groups, &places)
}

/// The architectures' names under their groups.
fn names<X, Y>(
    area: &Area<'_>,
    chart: &ChartContext<'_, BitMapBackend<'_>, Cartesian2d<X, Y>>,
    groups: &[Group],
    places: &[f64],
) -> Result<(), String>
where
    X: Ranged<ValueType = f64>,
    Y: Ranged<ValueType = f64>,
{
    let (left, top) = area.get_base_pixel();
    let bottom = chart.plotting_area().get_pixel_range().1.end;
    let mut first = 0;
    while first < groups.len() {
        let cell = groups[first].cell;
        let same = groups[first..]
            .iter()
            .take_while(|group| group.cell == cell);
        let last = first + same.count() - 1;
        let middle = (places[first] + places[last]) / 2.0;
        let (x, _) = chart.backend_coord(&(middle, 1.0));
        let style = (FONT, 16).into_font().color(&BLACK);
        let style = style.pos(Pos::new(HPos::Center, VPos::Top));
        let at = (x - left, bottom - top + 8);
        area.draw(&Text::new(cell.to_string(), at, style))
            .map_err(reason)?;
        first = last + 1;
    }
    Ok(())
}

/// 1, 2 and 5 times every power of ten within a range.
fn ticks(low: f64, high: f64) -> Vec<f64> {
    let powers = (-4..=4).map(|power| 10f64.powi(power));
    let ticks = powers.flat_map(|power| [1.0, 2.0, 5.0].map(|step| step * power));
    ticks.filter(|tick| (low..high).contains(tick)).collect()
}

fn figure(ratio: f64) -> String {
    let decimals = match ratio {
        ratio if ratio >= 10.0 => 0,
        ratio if ratio >= 1.0 => 1,
        _ => 2,
    };
    format!("{ratio:.decimals$}×")
}

/// The font comes with the program: a machine without fonts draws the same picture.
fn register_font() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let font = dejavu::sans::regular();
        let registered = plotters::style::register_font(FONT, FontStyle::Normal, font);
        assert!(registered.is_ok(), "the font that is built in is sound");
    });
}

fn reason(error: impl std::fmt::Display) -> String {
    error.to_string()
}
