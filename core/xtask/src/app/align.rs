//! Aligns the stored files of an APK, so that a phone can map them into memory where they are. Debian's zipalign does not
//! know pages of 16 KiB. The format is .ZIP's, with Android's field for the alignment, which apksigner preserves.

use super::bytes::{slice, u16_at, u32_at};
use crate::Outcome;

const LOCAL: u32 = 0x0403_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const END: u32 = 0x0605_4b50;
const LOCAL_SIZE: usize = 30;
const CENTRAL_SIZE: usize = 46;
const END_SIZE: usize = 22;
/// The field with the alignment: its id, its size, the alignment, and zeros.
const FIELD: u16 = 0xd935;
const FIELD_SIZE: usize = 6;

/// The alignment of native libraries: the largest page of any phone.
pub(crate) const PAGE: u16 = 16 * 1024;
/// The alignment of other files.
const WORD: u16 = 4;

fn alignment(name: &[u8]) -> u16 {
    if name.ends_with(b".so") { PAGE } else { WORD }
}

/// Returns the archive with aligned files.
///
/// # Errors
/// If the archive is damaged, or has a comment.
pub(crate) fn aligned(zip: &[u8]) -> Outcome<Vec<u8>> {
    let (mut entries, start, end) = directory(zip)?;
    // In the order of their data, which is not necessarily the directory's.
    let mut order: Vec<_> = (0..entries.len()).collect();
    order.sort_by_key(|index| entries[*index].offset);
    let mut result = Vec::with_capacity(zip.len() + entries.len() * FIELD_SIZE);
    for (place, index) in order.iter().enumerate() {
        let next = order.get(place + 1).map_or(start, |next| entries[*next].offset);
        let entry = &mut entries[*index];
        let data = slice(zip, entry.offset, next.saturating_sub(entry.offset))?;
        entry.offset = result.len();
        local(&mut result, data, entry.is_stored)?;
    }
    let new_start = result.len();
    for entry in &entries {
        let mut header = entry.header.clone();
        header[42..46].copy_from_slice(&u32::try_from(entry.offset)?.to_le_bytes());
        result.extend(header);
    }
    let mut tail = slice(zip, end, END_SIZE)?.to_vec();
    tail[12..16].copy_from_slice(&u32::try_from(result.len() - new_start)?.to_le_bytes());
    tail[16..20].copy_from_slice(&u32::try_from(new_start)?.to_le_bytes());
    result.extend(tail);
    Ok(result)
}

/// Returns whether all stored files are aligned.
///
/// # Errors
/// If the archive is damaged.
pub(crate) fn is_aligned(zip: &[u8]) -> Outcome<bool> {
    let (entries, ..) = directory(zip)?;
    let mut stored = entries.iter().filter(|entry| entry.is_stored);
    stored.try_fold(true, |all, entry| {
        let position = entry.offset + local_size(zip, entry.offset)?;
        Ok(all && position.is_multiple_of(alignment(entry.name()).into()))
    })
}

/// A file of the archive.
struct Entry {
    /// The position of its local header.
    offset: usize,
    is_stored: bool,
    /// Its header in the directory.
    header: Vec<u8>,
}

impl Entry {
    fn name(&self) -> &[u8] {
        let size = u16_at(&self.header, 28).unwrap_or_default();
        slice(&self.header, CENTRAL_SIZE, size.into()).unwrap_or_default()
    }
}

/// Returns the files, and where the directory starts and ends.
fn directory(zip: &[u8]) -> Outcome<(Vec<Entry>, usize, usize)> {
    let end = zip.len().checked_sub(END_SIZE).filter(|end| u32_at(zip, *end).is_ok_and(|mark| mark == END));
    let end = end.ok_or("the archive does not end with its directory")?;
    let start = u32_at(zip, end + 16)? as usize;
    Ok((entries(slice(zip, start, end.saturating_sub(start))?)?, start, end))
}

fn entries(mut directory: &[u8]) -> Outcome<Vec<Entry>> {
    let mut entries = Vec::new();
    while !directory.is_empty() {
        if u32_at(directory, 0)? != CENTRAL {
            return Err("the archive's directory is damaged".into());
        }
        let lengths = [28, 30, 32].map(|at| u16_at(directory, at).map(usize::from));
        let size = lengths.into_iter().sum::<Outcome<usize>>()? + CENTRAL_SIZE;
        let header = slice(directory, 0, size)?.to_vec();
        let (offset, is_stored) = (u32_at(directory, 42)? as usize, u16_at(directory, 10)? == 0);
        entries.push(Entry { offset, is_stored, header });
        directory = &directory[size..];
    }
    Ok(entries)
}

/// The size of a local header with its name and fields.
fn local_size(data: &[u8], at: usize) -> Outcome<usize> {
    Ok(LOCAL_SIZE + usize::from(u16_at(data, at + 26)?) + usize::from(u16_at(data, at + 28)?))
}

/// Adds a file. A stored file's fields are replaced by the one for the alignment.
fn local(result: &mut Vec<u8>, data: &[u8], is_stored: bool) -> Outcome<()> {
    if u32_at(data, 0)? != LOCAL {
        return Err("a file of the archive has no header".into());
    }
    if !is_stored {
        result.extend(data);
        return Ok(());
    }
    let name = slice(data, LOCAL_SIZE, u16_at(data, 26)?.into())?;
    let alignment = alignment(name);
    let unpadded = result.len() + LOCAL_SIZE + name.len() + FIELD_SIZE;
    let padding = unpadded.next_multiple_of(alignment.into()) - unpadded;
    result.extend(slice(data, 0, LOCAL_SIZE - 2)?);
    result.extend(u16::try_from(FIELD_SIZE + padding)?.to_le_bytes());
    result.extend(name);
    result.extend(FIELD.to_le_bytes());
    result.extend(u16::try_from(2 + padding)?.to_le_bytes());
    result.extend(alignment.to_le_bytes());
    result.resize(result.len() + padding, 0);
    result.extend(&data[local_size(data, 0)?..]);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An archive of files: name, method (0 is stored), contents.
    fn archive(files: &[(&str, u16, &[u8])]) -> Vec<u8> {
        let (mut zip, mut directory) = (Vec::new(), Vec::new());
        for (name, method, contents) in files {
            let offset = u32::try_from(zip.len()).unwrap();
            let name_size = u16::try_from(name.len()).unwrap();
            let mut header = [0; LOCAL_SIZE];
            header[..4].copy_from_slice(&LOCAL.to_le_bytes());
            header[26..28].copy_from_slice(&name_size.to_le_bytes());
            zip.extend(header);
            zip.extend(name.as_bytes());
            zip.extend(*contents);
            let mut header = [0; CENTRAL_SIZE];
            header[..4].copy_from_slice(&CENTRAL.to_le_bytes());
            header[10..12].copy_from_slice(&method.to_le_bytes());
            header[28..30].copy_from_slice(&name_size.to_le_bytes());
            header[42..46].copy_from_slice(&offset.to_le_bytes());
            directory.extend(header);
            directory.extend(name.as_bytes());
        }
        let mut end = [0; END_SIZE];
        end[..4].copy_from_slice(&END.to_le_bytes());
        end[12..16].copy_from_slice(&u32::try_from(directory.len()).unwrap().to_le_bytes());
        end[16..20].copy_from_slice(&u32::try_from(zip.len()).unwrap().to_le_bytes());
        [zip, directory, end.to_vec()].concat()
    }

    #[test]
    fn aligns_stored_files_and_keeps_contents() {
        let zip = archive(&[("a.xml", 8, b"abc"), ("b.arsc", 0, b"defg"), ("lib/c.so", 0, b"hi"), ("d", 8, b"j")]);
        assert!(!is_aligned(&zip).unwrap());
        let aligned = aligned(&zip).unwrap();
        assert!(is_aligned(&aligned).unwrap());
        let (entries, ..) = directory(&aligned).unwrap();
        let positions = entries.iter().map(|entry| entry.offset + local_size(&aligned, entry.offset).unwrap());
        let positions: Vec<_> = positions.collect();
        assert_eq!((positions[1] % 4, positions[2] % usize::from(PAGE)), (0, 0));
        for (at, contents) in positions.into_iter().zip(["abc", "defg", "hi", "j"]) {
            assert_eq!(&aligned[at..at + contents.len()], contents.as_bytes());
        }
        assert_eq!(super::aligned(&aligned).unwrap(), aligned);
    }

    #[test]
    fn rejects_damaged_archives() {
        let zip = archive(&[("a", 0, b"abc"), ("b.so", 0, b"d")]);
        assert!((0..zip.len()).all(|size| aligned(&zip[..size]).is_err()));
        let mut wrong = zip.clone();
        wrong[0] = 0;
        assert!(aligned(&wrong).is_err());
    }
}
