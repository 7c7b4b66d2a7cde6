//! Burns a stated amount of CPU, no more: each thread works for a part of every tenth of a second.

use std::{
    hint::black_box,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use rustix::time::{ClockId, clock_gettime};

/// Short enough that a sample of one second sees an even load, long enough that waking up costs nothing.
const PERIOD: Duration = Duration::from_millis(100);
/// Between two looks at the clocks.
const STEPS: u64 = 20_000;

/// Burns CPU until it is dropped.
#[derive(Debug)]
pub(crate) struct Burner {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Burner {
    /// Starts burning `cores` cores' worth of CPU time.
    pub(crate) fn start(cores: f64) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let count = cores.ceil().max(1.0);
        let duty = (cores / count).clamp(0.0, 1.0);
        let threads = (0..count as usize)
            .map(|_| {
                let stop = stop.clone();
                thread::spawn(move || burn(duty, &stop))
            })
            .collect();
        Self { stop, threads }
    }
}

impl Drop for Burner {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            // A thread that panicked burns nothing any more, which is what is wanted.
            drop(thread.join());
        }
    }
}

/// Follows the thread's own CPU time, not the wall: on a busy machine a part of the wall time belongs to
/// others, and what was missed is caught up within one period, never more.
fn burn(duty: f64, stop: &AtomicBool) {
    let share = PERIOD.mul_f64(duty);
    let mut owed = Duration::ZERO;
    while !stop.load(Ordering::Relaxed) {
        let (began, used) = (Instant::now(), cpu_time());
        owed = (owed + share).min(share * 2);
        let end = began + PERIOD;
        while cpu_time().saturating_sub(used) < owed && Instant::now() < end {
            work();
        }
        owed = owed.saturating_sub(cpu_time().saturating_sub(used));
        thread::sleep(end.saturating_duration_since(Instant::now()));
    }
}

fn work() {
    let sum = (0..STEPS).fold(0_u64, |sum, step| {
        sum.wrapping_mul(31).wrapping_add(black_box(step))
    });
    black_box(sum);
}

/// CPU time of this thread alone, which the standard library does not tell.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or(0),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_of_a_core_is_burnt_and_not_a_whole_one() {
        let stop = AtomicBool::new(false);
        let (wall, cpu) = thread::scope(|scope| {
            let burning = scope.spawn(|| {
                let (began, used) = (Instant::now(), cpu_time());
                burn(0.25, &stop);
                (began.elapsed(), cpu_time().saturating_sub(used))
            });
            // The length of the experiment, not a wait for something to happen.
            thread::sleep(Duration::from_millis(1500));
            stop.store(true, Ordering::Relaxed);
            burning.join()
        })
        .unwrap_or_default();
        let burnt = cpu.as_secs_f64() / wall.as_secs_f64();
        assert!(burnt > 0.0 && burnt < 0.40, "{burnt}");
    }
}
