//! Timestamps: RFC 3339 exactly, seconds to any fraction, and milliseconds since 1970 for windows and alerts.

/// A point in time, to any fraction of a second. Ordered in time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant {
    /// Whole seconds since 1970-01-01T00:00:00Z, rounded down.
    seconds: i64,
    /// The decimals behind the second without trailing zeros: as texts they sort as their values do.
    fraction: String,
}

const DAY: i64 = 86_400;
/// From 0000-01-01 to the last second of 9999: what RFC 3339 can write.
const WRITABLE_SECONDS: std::ops::RangeInclusive<i64> = -62_167_219_200..=253_402_300_799;

impl Instant {
    /// Reads an RFC 3339 timestamp, offset required: `2020-02-29T23:59:60.5+01:00`. A leap second counts as the first
    /// second of the next minute. `T` and `Z` may be small letters; a blank in the place of `T` is not taken.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::read(text, offset_seconds)
    }

    fn read(text: &str, offset_seconds: impl FnOnce(&str) -> Option<i64>) -> Option<Self> {
        let (date, rest) = text.split_once(['T', 't'])?;
        let (clock, rest) = rest.split_at_checked(8)?;
        let (fraction, offset) = split_fraction(rest)?;
        let seconds = day_number(date)? * DAY + clock_seconds(clock)? - offset_seconds(offset)?;
        Some(Self { seconds, fraction: fraction.trim_end_matches('0').to_owned() })
    }

    /// Milliseconds since 1970, rounded down.
    #[must_use]
    pub fn milliseconds(&self) -> i64 {
        self.seconds * 1000 + thousandths(&self.fraction)
    }
}

/// `.250Z` → (`250`, `Z`); `Z` → (``, `Z`)
fn split_fraction(rest: &str) -> Option<(&str, &str)> {
    let Some(decimals) = rest.strip_prefix('.') else { return Some(("", rest)) };
    let end = decimals.find(|c: char| !c.is_ascii_digit())?;
    (end > 0).then(|| decimals.split_at(end))
}

/// Days from 1970-01-01 to `YYYY-MM-DD`.
fn day_number(date: &str) -> Option<i64> {
    let [year, month, day] = fields(date, b'-', [4, 2, 2])?;
    ((1..=12).contains(&month) && (1..=days_in_month(year, month)).contains(&day))
        .then(|| days_before(year, month) + day - 1)
}

/// `hh:mm:ss`
fn clock_seconds(clock: &str) -> Option<i64> {
    let [hour, minute, second] = fields(clock, b':', [2, 2, 2])?;
    (hour < 24 && minute < 60 && second <= 60).then_some(hour * 3600 + minute * 60 + second)
}

/// `Z`, `+hh:mm`, `-hh:mm`
fn offset_seconds(offset: &str) -> Option<i64> {
    if matches!(offset, "Z" | "z") {
        return Some(0);
    }
    let (sign, clock) = match offset.strip_prefix('-') {
        Some(clock) => (-1, clock),
        None => (1, offset.strip_prefix('+')?),
    };
    let [hour, minute] = fields(clock, b':', [2, 2])?;
    (hour < 24 && minute < 60).then_some(sign * (hour * 3600 + minute * 60))
}

/// The same, and `+hhmm`, `-hhmm`.
fn short_offset_seconds(offset: &str) -> Option<i64> {
    let short = |offset: &str| {
        let (hour, minute) = offset.get(1..)?.split_at_checked(2)?;
        let sign = if offset.starts_with('-') { '-' } else { '+' };
        offset_seconds(&format!("{sign}{hour}:{minute}"))
    };
    offset_seconds(offset).or_else(|| offset.starts_with(['+', '-']).then(|| short(offset)).flatten())
}

/// Numbers of exactly these many digits with `separator` between them.
fn fields<const N: usize>(text: &str, separator: u8, lengths: [usize; N]) -> Option<[i64; N]> {
    let mut rest = text.as_bytes();
    let mut numbers = [0; N];
    for (place, (number, length)) in numbers.iter_mut().zip(lengths).enumerate() {
        if place > 0 {
            rest = rest.strip_prefix(&[separator])?;
        }
        let (digits, behind) = rest.split_at_checked(length)?;
        *number = digits
            .iter()
            .try_fold(0, |number, digit| digit.is_ascii_digit().then(|| number * 10 + i64::from(digit - b'0')))?;
        rest = behind;
    }
    rest.is_empty().then_some(numbers)
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + i64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 to the first of a month.
fn days_before(year: i64, month: i64) -> i64 {
    let before = year - 1;
    let leap_days = before.div_euclid(4) - before.div_euclid(100) + before.div_euclid(400);
    // 719,162 days lie between the first day of year 1 and 1970.
    before * 365 + leap_days - 719_162 + (1..month).map(|earlier| days_in_month(year, earlier)).sum::<i64>()
}

/// Milliseconds since 1970 that a JSON number or numeric text stands for: seconds, milliseconds, micro- or nanoseconds,
/// told apart by size, which is safe from 1973 to 5138.
pub(crate) fn milliseconds_of_number(text: &str) -> Option<i64> {
    if text.contains(['e', 'E']) {
        // A float holds today's seconds to less than a microsecond, which is enough for a time that was written as one.
        return text.parse::<f64>().ok().and_then(|seconds| milliseconds_of_number(&format!("{seconds:.6}")));
    }
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    if !decimals.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: i64 = whole.parse().ok()?;
    let milliseconds = match number.unsigned_abs() {
        0..100_000_000_000 if whole.starts_with('-') => number * 1000 - thousandths(decimals),
        0..100_000_000_000 => number * 1000 + thousandths(decimals),
        100_000_000_000..100_000_000_000_000 => number,
        100_000_000_000_000..100_000_000_000_000_000 => number.div_euclid(1000),
        _ => number.div_euclid(1_000_000),
    };
    WRITABLE_SECONDS.contains(&milliseconds.div_euclid(1000)).then_some(milliseconds)
}

/// Milliseconds since 1970 of a timestamp, or of a number written as text.
pub(crate) fn milliseconds_of_text(text: &str) -> Option<i64> {
    Instant::parse(text).map(|instant| instant.milliseconds()).or_else(|| milliseconds_of_number(text))
}

/// The same of the timestamps that producers are known to write: offsets without a colon too, and of
/// `1615114232.375:15558`, the kernel's name for an audit event, what stands before the colon.
pub(crate) fn milliseconds_of_stamp(text: &str) -> Option<i64> {
    let instant = Instant::read(text, short_offset_seconds).map(|instant| instant.milliseconds());
    instant.or_else(|| milliseconds_of_number(text.split(':').next().unwrap_or_default()))
}

/// The first three of some decimals as a number.
fn thousandths(decimals: &str) -> i64 {
    decimals.bytes().chain(std::iter::repeat(b'0')).take(3).fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'))
}

/// ISO 8601 in UTC: `2020-02-01T12:00:00Z`, with three decimals where they are not zero. Times outside the years 0 to
/// 9999 are written as the nearest one inside.
#[must_use]
pub fn format_time(milliseconds: i64) -> String {
    let milliseconds = milliseconds.clamp(WRITABLE_SECONDS.start() * 1000, WRITABLE_SECONDS.end() * 1000 + 999);
    let seconds = milliseconds.div_euclid(1000);
    let (year, month, day) = date_of(seconds.div_euclid(DAY));
    let clock = seconds.rem_euclid(DAY);
    let mut text = String::with_capacity("0000-00-00T00:00:00.000Z".len());
    let parts = [(year, 4, '-'), (month, 2, '-'), (day, 2, 'T'), (clock / 3600, 2, ':'), (clock / 60 % 60, 2, ':')];
    for (number, length, behind) in parts {
        push_digits(number, length, &mut text);
        text.push(behind);
    }
    push_digits(clock % 60, 2, &mut text);
    let decimals = milliseconds.rem_euclid(1000);
    if decimals != 0 {
        text.push('.');
        push_digits(decimals, 3, &mut text);
    }
    text.push('Z');
    text
}

/// The last `length` digits of a number that is not negative. Each alert tells some times: formatted with a width they were a
/// tenth of what windows take.
fn push_digits(number: i64, length: u32, text: &mut String) {
    for place in (0..length).rev() {
        let digit = u32::try_from(number / 10_i64.pow(place) % 10).ok().and_then(|digit| char::from_digit(digit, 10));
        text.push(digit.unwrap_or('0'));
    }
}

/// Year, month and day of a day counted from 1970-01-01.
fn date_of(day: i64) -> (i64, i64, i64) {
    // Counted from a first of March in which a cycle of 400 years begins: leap days are the last of their years then.
    let (cycle, day) = ((day + 719_468).div_euclid(146_097), (day + 719_468).rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    // From March on months have 31 and 30 days in turn, but for every fifth: 153 days in five months.
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (cycle * 400 + year + next, month, day)
}
