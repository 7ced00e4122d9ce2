//! Medians, their spread, and percentiles.

/// What several runs of one measurement came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// The middle one.
    pub median: f64,
    /// The lower end of the interval.
    pub low: f64,
    /// The upper end of the interval.
    pub high: f64,
}

impl Summary {
    /// Sums up `values`; `None` if there are none.
    ///
    /// The interval holds the true median with 95 % confidence, whatever the distribution. With fewer than six
    /// values that is more than they can tell, and it is the least and the greatest of them.
    pub fn of(values: &[f64]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let last = sorted.len().checked_sub(1)?;
        let median = f64::midpoint(sorted[last / 2], sorted[last.div_ceil(2)]);
        let cut = cut(sorted.len());
        Some(Self { median, low: sorted[cut], high: sorted[last - cut] })
    }
}

/// How many of `n` values may be left out at each end: those that the true median lies beyond with a
/// probability of at most 2.5 %, by the binomial distribution.
fn cut(n: usize) -> usize {
    let mut ways = 0.5_f64.powi(i32::try_from(n).unwrap_or(i32::MAX));
    let mut beyond = ways;
    let mut cut = 0;
    while beyond <= 0.025 {
        ways *= (n - cut) as f64 / (cut + 1) as f64;
        if beyond + ways > 0.025 {
            break;
        }
        cut += 1;
        beyond += ways;
    }
    cut
}

/// The value below which `share` of the sorted values lie; 0 if there are none.
pub fn percentile(sorted: &[u64], share: f64) -> u64 {
    let last = sorted.len().saturating_sub(1);
    sorted.get((last as f64 * share).round() as usize).copied().unwrap_or(0)
}

/// By how much the straight line through the points (least squares) rises with each unit; `None` of fewer than
/// two, or if all stand at one place.
pub fn slope(points: &[(f64, f64)]) -> Option<f64> {
    let count = points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let spread: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    let together: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    (spread > 0.0).then(|| together / spread)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_has_its_interval() {
        assert_eq!(Summary::of(&[]), None);
        assert_eq!(Summary::of(&[3.0, 1.0]), Some(Summary { median: 2.0, low: 1.0, high: 3.0 }));
        let nine: Vec<f64> = (1..=9).map(f64::from).collect();
        assert_eq!(Summary::of(&nine), Some(Summary { median: 5.0, low: 2.0, high: 8.0 }));
    }

    #[test]
    fn intervals_are_those_of_the_tables() {
        // Ranks of the sign test's 95 % interval, counted from 0.
        assert_eq!([5, 6, 8, 9, 11, 12, 15, 20].map(cut), [0, 0, 0, 1, 1, 2, 3, 5]);
    }

    #[test]
    fn a_slope_is_that_of_the_line_that_fits_best() {
        assert_eq!(slope(&[(1.0, 5.0), (2.0, 7.0), (3.0, 9.0)]), Some(2.0));
        // One that is off moves it by as much as its distance from the middle says.
        assert_eq!(slope(&[(0.0, 0.0), (1.0, 0.0), (2.0, 3.0)]), Some(1.5));
        assert_eq!(slope(&[(1.0, 5.0)]), None);
        assert_eq!(slope(&[(1.0, 5.0), (1.0, 6.0)]), None);
    }

    #[test]
    fn percentiles_are_of_what_was_counted() {
        let hundred: Vec<u64> = (0..=100).collect();
        assert_eq!([0.5, 0.99, 1.0].map(|share| percentile(&hundred, share)), [50, 99, 100]);
        assert_eq!(percentile(&[], 0.5), 0);
    }
}
