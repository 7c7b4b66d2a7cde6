use super::Binding;

/// A size on its way through the rules, and the rule that had the last say.
#[derive(Clone, Copy, Debug)]
pub(super) struct Course {
    pub(super) size: u32,
    pub(super) binding: Option<Binding>,
    /// What load and bounds alone ask for; whatever is kept above it is held.
    pub(super) base: u32,
    max: u32,
}

impl Course {
    /// Clips to the bounds. A maximum below the minimum wins: it is what limits the bill.
    pub(super) fn new(size: u32, binding: Option<Binding>, min: u32, max: u32) -> Self {
        let (clipped, by) = if size > max {
            (max, Some(Binding::MaxInstances))
        } else if size < min {
            (min.min(max), Some(Binding::MinInstances))
        } else {
            (size, binding)
        };
        Self {
            size: clipped,
            binding: by,
            base: clipped,
            max,
        }
    }

    /// Keeps at least `floor`, as far as the maximum allows.
    pub(super) fn raise(&mut self, floor: u32, binding: Binding) {
        let floor = floor.min(self.max);
        if floor > self.size {
            self.size = floor;
            self.binding = Some(binding);
        }
    }
}
