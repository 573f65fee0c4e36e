//! Lines in memory, to be taken out in the order of their bytes.

/// The lines of some bytes that are not empty, without their ends.
pub fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut start = 0;
    let ends = memchr::memchr_iter(b'\n', bytes).chain([bytes.len()]);
    ends.filter_map(move |end| bytes.get(std::mem::replace(&mut start, end + 1)..end)).filter(|line| !line.is_empty())
}

/// A line in memory. Most are told apart by their first bytes, without looking where they lie.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// The first bytes as a number, so that a smaller one is of a line that comes first.
    first: u128,
    start: usize,
    end: usize,
}

impl Place {
    fn of<'t>(&self, text: &'t [u8]) -> &'t [u8] {
        text.get(self.start..self.end).unwrap_or_default()
    }
}

/// The first bytes of a line; zeros where it has fewer.
fn first(line: &[u8]) -> u128 {
    let mut bytes = [0; size_of::<u128>()];
    bytes.iter_mut().zip(line).for_each(|(byte, of_line)| *byte = *of_line);
    u128::from_be_bytes(bytes)
}

/// See the module. None of the lines holds a line end.
#[derive(Debug, Default)]
pub struct Lines {
    text: Vec<u8>,
    /// Room for the text of the lines that are left when some have gone.
    spare: Vec<u8>,
    places: Vec<Place>,
    /// How many of the places, from the first on, are in order.
    sorted: usize,
}

impl Lines {
    /// Takes a line that is in several parts.
    pub fn push_parts<'p>(&mut self, parts: impl IntoIterator<Item = &'p [u8]>) {
        let start = self.text.len();
        parts.into_iter().for_each(|part| self.text.extend_from_slice(part));
        let first = first(self.text.get(start..).unwrap_or_default());
        self.places.push(Place { first, start, end: self.text.len() });
    }

    /// Bytes that they take. An entry of the index counts too, so that many short lines are bounded as few long ones are.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.text.len() + self.places.len() * size_of::<Place>()
    }

    fn sort(&mut self) {
        if self.sorted == self.places.len() {
            return;
        }
        let text = &self.text;
        // Input is nearly in order as a rule: this kind of sorting takes what is in order as it is.
        self.places.sort_by(|left, right| left.first.cmp(&right.first).then_with(|| left.of(text).cmp(right.of(text))));
        self.sorted = self.places.len();
    }

    /// Gives the first lines, in order, until those that are left take no more than so many bytes.
    ///
    /// # Errors
    /// Those of `give`; the line that it failed on is gone then.
    pub fn release<E>(&mut self, keep: usize, mut give: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        self.sort();
        let mut bytes = self.bytes();
        let mut gone = 0;
        let mut result = Ok(());
        for place in &self.places {
            if bytes <= keep || result.is_err() {
                break;
            }
            result = give(place.of(&self.text));
            bytes -= place.end - place.start + size_of::<Place>();
            gone += 1;
        }
        self.forget_first(gone);
        result
    }

    /// Moves the text of those that are left together.
    fn forget_first(&mut self, gone: usize) {
        if gone == 0 {
            return;
        }
        self.places.drain(..gone);
        self.sorted = self.places.len();
        if self.places.is_empty() {
            self.text.clear();
            return;
        }
        self.spare.clear();
        for place in &mut self.places {
            let start = self.spare.len();
            self.spare.extend_from_slice(place.of(&self.text));
            (place.start, place.end) = (start, self.spare.len());
        }
        std::mem::swap(&mut self.text, &mut self.spare);
    }

    /// All lines in order.
    #[must_use]
    pub fn into_sorted(mut self) -> SortedLines {
        self.sort();
        self.spare = Vec::new();
        SortedLines { text: self.text, places: self.places.into_iter() }
    }
}

/// Lines in order.
#[derive(Debug)]
pub struct SortedLines {
    text: Vec<u8>,
    places: std::vec::IntoIter<Place>,
}

impl SortedLines {
    /// The next line.
    pub fn next_line(&mut self) -> Option<&[u8]> {
        self.places.next().map(|place| place.of(&self.text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_of_bytes_are_those_between_their_ends() {
        for (bytes, expected) in
            [(&b"a\n\nbc\n"[..], vec!["a", "bc"]), (b"", vec![]), (b"\na", vec!["a"]), (b"a", vec!["a"])]
        {
            assert_eq!(
                lines(bytes).collect::<Vec<_>>(),
                expected.iter().map(|line| line.as_bytes()).collect::<Vec<_>>()
            );
        }
    }

    #[test]
    fn the_first_lines_leave_until_few_enough_are_left() {
        let mut all = Lines::default();
        let mut left = Vec::new();
        let each = 10 + size_of::<Place>();
        // Blocks of ten, each in reverse: in order if ten lines are looked at together.
        for number in 0..1_000u32 {
            let line = format!("{:010}", number / 10 * 10 + 9 - number % 10);
            all.push_parts([line.as_bytes()]);
            if all.bytes() > 30 * each {
                all.release(20 * each, |line| {
                    left.push(String::from_utf8_lossy(line).into_owned());
                    Ok::<(), ()>(())
                })
                .unwrap();
                assert_eq!(all.bytes(), 20 * each);
            }
        }
        assert!(left.len() > 900);
        let mut rest = all.into_sorted();
        while let Some(line) = rest.next_line() {
            left.push(String::from_utf8_lossy(line).into_owned());
        }
        assert_eq!(left, (0..1_000).map(|number| format!("{number:010}")).collect::<Vec<_>>());
    }

    #[test]
    fn who_fails_to_take_a_line_gets_no_more_of_them() {
        let mut all = Lines::default();
        ["c", "a", "b"].into_iter().for_each(|line| all.push_parts([line.as_bytes()]));
        assert_eq!(all.release(0, |_| Err("full")), Err("full"));
        let mut rest = all.into_sorted();
        assert_eq!(rest.next_line(), Some(&b"b"[..]));
    }
}
