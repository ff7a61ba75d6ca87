//! Where boxes in layers are drawn, and the arrows between them, so that none goes through a box.

/// The size of a box: two of them are beside each other on a narrow phone.
pub(super) const WIDTH: usize = 140;
pub(super) const HEIGHT: usize = 46;

/// What is left between boxes of one layer, between layers, and around all.
const GAP: usize = 16;
const STEP: usize = 34;
const MARGIN: usize = 4;

/// What is left for an arrow that goes on to a lower layer.
const THIN: usize = 12;

/// A place in a layer: of a box, or where an arrow goes through.
#[derive(Debug)]
struct Slot {
    layer: usize,
    is_box: bool,
    /// Its middle, from the left.
    x: usize,
}

impl Slot {
    fn width(&self) -> usize {
        if self.is_box { WIDTH } else { THIN }
    }

    fn top(&self) -> usize {
        MARGIN + self.layer * (HEIGHT + STEP)
    }
}

/// Boxes and arrows, each at its place. An arrow over several layers has a slot in those between.
#[derive(Debug)]
pub(super) struct Layers {
    /// The boxes, in the order in which they came, and then where arrows go through.
    slots: Vec<Slot>,
    boxes: usize,
    /// The pieces of the arrows, each from one layer to the next.
    pieces: Vec<(usize, usize)>,
    width: usize,
}

impl Layers {
    /// Boxes by the layers that they are in, and arrows from boxes to those in lower layers.
    pub(super) fn new(levels: &[usize], arrows: &[(usize, usize)]) -> Self {
        let slot = |layer: usize, is_box: bool| Slot { layer, is_box, x: 0 };
        let mut slots: Vec<Slot> = levels.iter().map(|&layer| slot(layer, true)).collect();
        let mut pieces = Vec::new();
        for &(from, to) in arrows {
            let mut last = from;
            for layer in levels[from] + 1..levels[to] {
                pieces.push((last, slots.len()));
                last = slots.len();
                slots.push(slot(layer, false));
            }
            pieces.push((last, to));
        }
        let mut layers = Self { slots, boxes: levels.len(), pieces, width: 0 };
        layers.place();
        layers
    }

    /// Each layer in the middle, and in it who is below what is on the left comes first.
    fn place(&mut self) {
        let count = self.slots.iter().map(|slot| slot.layer + 1).max().unwrap_or(0);
        let mut rows: Vec<Vec<usize>> = vec![Vec::new(); count];
        for (number, slot) in self.slots.iter().enumerate() {
            rows[slot.layer].push(number);
        }
        let wide = |row: &Vec<usize>| {
            row.iter().map(|&slot| self.slots[slot].width() + GAP).sum::<usize>().saturating_sub(GAP)
        };
        let widths: Vec<usize> = rows.iter().map(wide).collect();
        self.width = widths.iter().copied().max().unwrap_or(WIDTH) + 2 * MARGIN;
        for (row, width) in rows.iter_mut().zip(widths) {
            row.sort_by_key(|&slot| self.above(slot));
            let mut left = (self.width - width) / 2;
            for &slot in row.iter() {
                let slot = &mut self.slots[slot];
                slot.x = left + slot.width() / 2;
                left += slot.width() + GAP;
            }
        }
    }

    /// The middle of what a slot's arrows come from.
    fn above(&self, slot: usize) -> usize {
        let from: Vec<usize> =
            self.pieces.iter().filter(|(_, to)| *to == slot).map(|(from, _)| self.slots[*from].x).collect();
        from.iter().sum::<usize>() / from.len().max(1)
    }

    /// The width and the height of all.
    pub(super) fn size(&self) -> (usize, usize) {
        let bottom = self.slots.iter().map(|slot| slot.top() + HEIGHT).max().unwrap_or(HEIGHT);
        (self.width, bottom + MARGIN)
    }

    /// The upper left corner of each box.
    pub(super) fn boxes(&self) -> impl Iterator<Item = (usize, usize)> {
        self.slots[..self.boxes].iter().map(|slot| (slot.x - WIDTH / 2, slot.top()))
    }

    /// The lines of the arrows, and whether each ends at a box.
    pub(super) fn lines(&self) -> impl Iterator<Item = (String, bool)> {
        self.pieces.iter().map(|&(from, to)| {
            let (from, to) = (&self.slots[from], &self.slots[to]);
            let (x1, y1, x2) = (from.x, from.top() + HEIGHT, to.x);
            // An arrow's head has its point before the box; what goes through a layer goes down to its end.
            let y2 = if to.is_box { to.top() - 2 } else { to.top() };
            let middle = usize::midpoint(y1, y2);
            let line = format!("M{x1} {y1}C{x1} {middle} {x2} {middle} {x2} {y2}");
            if to.is_box { (line, true) } else { (format!("{line}V{}", y2 + HEIGHT), false) }
        })
    }
}
