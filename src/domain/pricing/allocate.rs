//! Splits an amount into whole parts that add up to it, and rounds quotients.

/// Splits `total` in proportion to `weights` by the largest remainder: every part is its share rounded down, and what is
/// left goes, a unit each, to the parts that lost most, the earlier first among equals. So no part is off by a whole
/// unit, a weight of nothing gets nothing, and the parts add up to `total`. Without any weight the parts are as good as
/// equal. Neither `total` nor a weight may be negative, and their products must fit.
pub fn allocate(total: i128, weights: &[i128]) -> Vec<i128> {
    let sum: i128 = weights.iter().sum();
    if sum == 0 {
        return if total == 0 || weights.is_empty() {
            vec![0; weights.len()]
        } else {
            allocate(total, &vec![1; weights.len()])
        };
    }
    let mut parts: Vec<i128> = weights.iter().map(|w| total * w / sum).collect();
    let left = total - parts.iter().sum::<i128>();
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by_key(|&i| std::cmp::Reverse(total * weights[i] % sum));
    for &i in order.iter().take(usize::try_from(left).unwrap_or(0)) {
        parts[i] += 1;
    }
    parts
}

/// A quotient of two numbers that are not negative, rounded half up.
pub const fn half_up(numerator: i128, denominator: i128) -> i128 {
    (2 * numerator + denominator) / (2 * denominator)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_left_goes_to_the_parts_that_lost_most() {
        assert_eq!(allocate(100, &[1, 1, 1]), [34, 33, 33]);
        assert_eq!(allocate(10, &[47, 16, 16, 21]), [5, 2, 1, 2]);
        assert_eq!(allocate(1, &[1, 2, 2]), [0, 1, 0]);
        assert_eq!(allocate(7, &[0, 5, 0]), [0, 7, 0]);
        assert_eq!(allocate(5, &[0, 0]), [3, 2]);
        assert_eq!(allocate(0, &[0, 0]), [0, 0]);
        assert!(allocate(0, &[]).is_empty());
    }

    #[test]
    fn halves_are_rounded_up() {
        for (numerator, denominator, rounded) in [(0, 2, 0), (1, 2, 1), (1, 3, 0), (2, 3, 1), (5, 2, 3), (249, 100, 2)]
        {
            assert_eq!(half_up(numerator, denominator), rounded, "{numerator}/{denominator}");
        }
    }

    proptest! {
        #[test]
        fn parts_add_up_and_none_is_off_by_a_unit(
            total in 0..=1_000_000_000_000_000_i128,
            weights in prop::collection::vec(0..=1_000_000_000_000_000_i128, 1..40),
        ) {
            let parts = allocate(total, &weights);
            let sum: i128 = weights.iter().sum();
            prop_assert_eq!(parts.iter().sum::<i128>(), total);
            for (part, weight) in parts.iter().zip(&weights).filter(|_| sum > 0) {
                prop_assert!((part * sum - total * weight).abs() < sum);
            }
        }
    }
}
