//! What a pickle would become in memory, computed before anything is made of it.
//!
//! An opcode of one byte makes an object of a hundred, a memo that is fetched copies what it holds, and a few dozen bytes can double
//! something thirty times. This walks the opcodes as the reader would, with sizes in the place of objects. It executes nothing.

use std::collections::HashMap;
use std::io::{self, BufRead, Read};

/// What an object takes beside its text: an enum of eighty bytes, in a list or a table that may have grown ahead.
const OBJECT: u64 = 112;

/// What a place on the stack takes, which doubles its memory when it is full and holds both for a moment.
const STACK: u64 = 288;

/// What a mark takes, of which a list grows ahead, too.
const MARK: u64 = 32;

/// What a slot of the memo takes, the same in a table.
const SLOT: u64 = 320;

/// How deep containers may lie in each other. The reader walks them recursively; a saved module needs two levels a submodule.
const DEPTH: u32 = 250;

/// Walks one pickle, and leaves `from` behind its end.
///
/// # Errors
///
/// What is wrong with it: too large in memory, too deep, cut off, or no pickle.
pub(super) fn check_pickle(from: &mut impl BufRead, limit: u64) -> Result<(), String> {
    let mut walk = Walk {
        from,
        limit,
        live: 0,
        stack: Vec::new(),
        marks: Vec::new(),
        memo: HashMap::new(),
    };
    while walk.step()? {}
    Ok(())
}

/// An object as far as it matters here.
#[derive(Clone, Copy)]
struct Item {
    bytes: u64,
    depth: u32,
    /// Where the memo has a copy of it, which follows when its state is set.
    memo: Option<u32>,
}

struct Walk<'a, R> {
    from: &'a mut R,
    limit: u64,
    /// The bytes of all objects on the stack and in the memo, without their places there.
    live: u64,
    stack: Vec<Item>,
    marks: Vec<usize>,
    memo: HashMap<u32, Item>,
}

/// What is told where the end comes too soon.
fn cut(_: io::Error) -> String {
    "the pickle in it ends in the middle: it is cut off".into()
}

impl<R: BufRead> Walk<'_, R> {
    /// One opcode; whether there is another.
    fn step(&mut self) -> Result<bool, String> {
        let [opcode] = self.bytes()?;
        match opcode {
            b'.' => return Ok(false),
            // Protocol; frame.
            0x80 => drop(self.bytes::<1>()?),
            0x95 => drop(self.bytes::<8>()?),
            // Objects without parts, by what follows them.
            b'N' | 0x88 | 0x89 | b')' | b']' | b'}' | 0x8f => self.push(OBJECT)?,
            b'K' => self.push_after::<1>()?,
            b'M' => self.push_after::<2>()?,
            b'J' => self.push_after::<4>()?,
            b'G' => self.push_after::<8>()?,
            b'I' | b'L' | b'F' | b'V' | b'P' => {
                let text = self.line()?;
                self.push(OBJECT + text)?;
            }
            b'c' => {
                let text = self.line()? + self.line()?;
                self.push(OBJECT + text)?;
            }
            b'U' | b'C' | 0x8c | 0x8a => {
                let [length] = self.bytes()?;
                self.push_text(length.into())?;
            }
            b'T' | b'X' | b'B' | 0x8b => {
                let length = u32::from_le_bytes(self.bytes()?);
                self.push_text(length.into())?;
            }
            0x8d | 0x8e | 0x96 => {
                let length = u64::from_le_bytes(self.bytes()?);
                self.push_text(length)?;
            }
            b'(' => {
                self.marks.push(self.stack.len());
                self.charge(0)?;
            }
            b't' | b'l' | b'd' | 0x91 => {
                let inner = self.take_to_mark()?;
                self.push_around(inner)?;
            }
            0x85..=0x87 => {
                let inner = self.take(usize::from(opcode - 0x84))?;
                self.push_around(inner)?;
            }
            b'a' => self.add::<1>()?,
            b's' => self.add::<2>()?,
            b'e' | b'u' | 0x90 => {
                let inner = self.take_to_mark()?;
                self.add_to_top(inner)?;
            }
            b'0' if self.marks.last() == Some(&self.stack.len()) => drop(self.marks.pop()),
            b'0' => drop(self.take(1)?),
            b'1' => drop(self.take_to_mark()?),
            b'2' => {
                let top = self.top()?;
                self.push_item(top)?;
            }
            _ => self.step_memo_or_object(opcode)?,
        }
        Ok(true)
    }

    fn step_memo_or_object(&mut self, opcode: u8) -> Result<(), String> {
        match opcode {
            b'g' | b'p' => {
                let mut line = String::new();
                let mut limited = self.from.by_ref().take(16);
                limited.read_line(&mut line).map_err(cut)?;
                let slot = line.trim_end().parse();
                let slot =
                    slot.map_err(|_| format!("the pickle in it has a memo slot {line:?}"))?;
                self.memo(slot, opcode == b'g')
            }
            b'h' | b'q' => {
                let [slot] = self.bytes()?;
                self.memo(slot.into(), opcode == b'h')
            }
            b'j' | b'r' => {
                let slot = u32::from_le_bytes(self.bytes()?);
                self.memo(slot, opcode == b'j')
            }
            0x94 => self.memo(self.memo.len() as u32, false),
            // A name of two strings, a call, an object of a class, a persistent id: what comes out is no more than what goes in.
            0x93 | b'R' | 0x81 => self.merge(2),
            0x92 => self.merge(3),
            b'Q' => self.merge(1),
            b'b' => {
                let [below, _] = self.last_two()?;
                self.merge(2)?;
                let Some(slot) = below.memo else {
                    return Ok(());
                };
                self.memo(slot, false)
            }
            other => Err(format!(
                "the pickle in it has an unknown opcode 0x{other:02x}"
            )),
        }
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let mut bytes = [0; N];
        self.from.read_exact(&mut bytes).map_err(cut)?;
        Ok(bytes)
    }

    /// Skips a line and gives its length.
    fn line(&mut self) -> Result<u64, String> {
        let skipped = self.from.skip_until(b'\n').map_err(cut)?;
        Ok(skipped as u64)
    }

    /// An object with a text of so many bytes, which are there.
    fn push_text(&mut self, length: u64) -> Result<(), String> {
        let skipped = io::copy(&mut self.from.by_ref().take(length), &mut io::sink());
        if skipped.map_err(cut)? < length {
            return Err(cut(io::ErrorKind::UnexpectedEof.into()));
        }
        self.push(OBJECT.saturating_add(length))
    }

    fn push_after<const N: usize>(&mut self) -> Result<(), String> {
        self.bytes::<N>()?;
        self.push(OBJECT)
    }

    fn push(&mut self, bytes: u64) -> Result<(), String> {
        let (depth, memo) = (0, None);
        self.push_item(Item { bytes, depth, memo })
    }

    fn push_item(&mut self, item: Item) -> Result<(), String> {
        self.charge(item.bytes)?;
        if item.depth > DEPTH {
            return Err(format!(
                "the pickle in it has containers in each other more than {DEPTH} deep"
            ));
        }
        self.stack.push(item);
        Ok(())
    }

    fn charge(&mut self, bytes: u64) -> Result<(), String> {
        self.live = self.live.saturating_add(bytes);
        let places = STACK * self.stack.len() as u64
            + SLOT * self.memo.len() as u64
            + MARK * self.marks.len() as u64;
        if self.live.saturating_add(places) > self.limit {
            return Err(format!(
                "the pickle in it would take more than {} bytes of memory, which no file of this size needs",
                self.limit
            ));
        }
        Ok(())
    }

    fn top(&self) -> Result<Item, String> {
        let [_, top] = self.last_two()?;
        Ok(top)
    }

    /// The two uppermost objects; for one that is not there something that is nothing.
    fn last_two(&self) -> Result<[Item; 2], String> {
        let nothing = Item {
            bytes: 0,
            depth: 0,
            memo: None,
        };
        match self.stack.as_slice() {
            [] => Err("the pickle in it takes more objects than it has".into()),
            [top] => Ok([nothing, *top]),
            [.., below, top] => Ok([*below, *top]),
        }
    }

    /// Takes the uppermost objects off and gives all together.
    fn take(&mut self, count: usize) -> Result<Item, String> {
        let rest = (self.stack.len().checked_sub(count))
            .ok_or("the pickle in it takes more objects than it has")?;
        let mut all = Item {
            bytes: 0,
            depth: 0,
            memo: None,
        };
        for item in self.stack.drain(rest..) {
            all.bytes += item.bytes;
            all.depth = all.depth.max(item.depth);
        }
        self.live -= all.bytes;
        Ok(all)
    }

    fn take_to_mark(&mut self) -> Result<Item, String> {
        let mark = (self.marks.pop()).ok_or("the pickle in it has an end without a beginning")?;
        self.take(self.stack.len().saturating_sub(mark))
    }

    /// A container around what was taken.
    fn push_around(&mut self, inner: Item) -> Result<(), String> {
        self.push_item(Item {
            bytes: inner.bytes + OBJECT,
            depth: inner.depth + 1,
            memo: None,
        })
    }

    fn add<const N: usize>(&mut self) -> Result<(), String> {
        let inner = self.take(N)?;
        self.add_to_top(inner)
    }

    fn add_to_top(&mut self, inner: Item) -> Result<(), String> {
        let mut top = self.take(1)?;
        top.bytes += inner.bytes;
        top.depth = top.depth.max(inner.depth + 1);
        self.push_item(top)
    }

    /// One object in the place of the uppermost ones.
    fn merge(&mut self, count: usize) -> Result<(), String> {
        let all = self.take(count)?;
        self.push_item(all)
    }

    /// Fetches a copy from the memo, or puts one there.
    fn memo(&mut self, slot: u32, fetch: bool) -> Result<(), String> {
        if fetch {
            let item = self.memo.get(&slot).copied();
            let item = item.ok_or_else(|| format!("the pickle in it has no memo {slot}"))?;
            return self.push_item(item);
        }
        let mut top = self.top()?;
        top.memo = Some(slot);
        if let Some(last) = self.stack.last_mut() {
            last.memo = Some(slot);
        }
        if let Some(old) = self.memo.insert(slot, top) {
            self.live -= old.bytes;
        }
        self.charge(top.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pickle: &[u8], limit: u64) -> Result<(), String> {
        check_pickle(&mut &pickle[..], limit)
    }

    #[test]
    fn what_doubles_is_refused_before_it_is_large() {
        let mut bomb = b"]".to_vec();
        bomb.extend(b"2\x86".repeat(30));
        bomb.push(b'.');
        assert!(check(&bomb, 1 << 20).unwrap_err().contains("memory"));
        assert!(check(b"]2\x86.", 1 << 20).is_ok());
    }

    #[test]
    fn marks_take_memory_too() {
        assert!(
            check(&b"(".repeat(1 << 16), 1 << 20)
                .unwrap_err()
                .contains("memory")
        );
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth| [b"]".as_slice(), &b"\x85".repeat(depth), b"."].concat();
        assert!(check(&nested(200), 1 << 20).is_ok());
        assert!(check(&nested(300), 1 << 20).unwrap_err().contains("deep"));
    }

    #[test]
    fn what_is_no_pickle_is_an_error() {
        for pickle in [
            b"".as_slice(),
            b"N",
            b"t.",
            b"a.",
            b"h\x07.",
            b"X\xff\xff\xff\xffa.",
            b"\x8d\xff\xff\xff\xff\xff\xff\xff\xffa.",
            b"g-1\n.",
            b"\x82\x01.",
            b"q\x00.",
        ] {
            check(pickle, 1 << 20).unwrap_err();
        }
    }
}
