use suona_protocol::ws::{self, Opcode, Window};

use super::*;

fn frame(length: usize) -> Frame {
    Rc::new(Bytes::from(vec![b'x'; length]))
}

fn one(limit: usize) -> (Outboxes, ConnectionId) {
    let mut outboxes = Outboxes::new(limit);
    let id = outboxes.open();
    (outboxes, id)
}

fn lengths(outboxes: &Outboxes, id: ConnectionId) -> Vec<usize> {
    outboxes.unsent(id).map(<[u8]>::len).collect()
}

fn dirty(outboxes: &mut Outboxes) -> Vec<ConnectionId> {
    (0..outboxes.begin_flush()).filter_map(|_| outboxes.visit_dirty()).collect()
}

#[test]
fn an_idle_outbox_is_small() {
    assert!(size_of::<Outbox>() <= 80, "{}", size_of::<Outbox>());
}

#[test]
fn writing_goes_on_where_it_ended_and_every_byte_is_counted() {
    let (mut outboxes, id) = one(100);
    for length in [10, 20, 30] {
        outboxes.push(id, frame(length)).unwrap();
    }
    outboxes.advance(id, 15, 0);
    assert_eq!(lengths(&outboxes, id), [15, 30]);
    assert_eq!((outboxes.bytes(id), outboxes.total_bytes()), (45, 45));
    outboxes.advance(id, 45, 0);
    assert!(outboxes.is_drained(id));
    assert_eq!((outboxes.bytes(id), outboxes.total_bytes()), (0, 0));
}

#[test]
fn a_drained_outbox_holds_no_heap() {
    let (mut outboxes, id) = one(100);
    outboxes.push(id, frame(1)).unwrap();
    assert!(!outboxes.slots[0].frames.holds_heap());
    outboxes.push(id, frame(1)).unwrap();
    outboxes.advance(id, 2, 0);
    assert!(!outboxes.slots[0].frames.holds_heap());
}

#[test]
fn what_tls_holds_counts_until_it_is_written() {
    let (mut outboxes, id) = one(100);
    outboxes.push(id, frame(60)).unwrap();
    outboxes.advance(id, 60, 60);
    assert!(outboxes.is_drained(id));
    assert_eq!(outboxes.push(id, frame(50)), Err(Overflow));
    outboxes.advance(id, 0, 0);
    assert_eq!(outboxes.bytes(id), 0);
    assert_eq!(outboxes.push(id, frame(50)), Ok(()));
}

#[test]
fn an_overflow_leaves_the_outbox_as_it_was() {
    let (mut outboxes, id) = one(100);
    outboxes.push(id, frame(90)).unwrap();
    assert_eq!(outboxes.push(id, frame(11)), Err(Overflow));
    assert_eq!(lengths(&outboxes, id), [90]);
    assert_eq!(outboxes.total_bytes(), 90);
}

#[test]
fn a_connection_stands_in_the_dirty_list_once() {
    let (mut outboxes, id) = one(100);
    outboxes.push(id, frame(1)).unwrap();
    outboxes.push(id, frame(1)).unwrap();
    assert_eq!(dirty(&mut outboxes), [id]);
    assert_eq!(dirty(&mut outboxes), []);
    outboxes.push(id, frame(1)).unwrap();
    assert_eq!(dirty(&mut outboxes), [id]);
}

#[test]
fn closing_keeps_what_is_queued_and_takes_no_more() {
    let (mut outboxes, id) = one(10);
    outboxes.push(id, frame(10)).unwrap();
    outboxes.close(id, Some(frame(4)));
    assert!(!outboxes.is_open(id));
    assert_eq!(outboxes.push(id, frame(1)), Ok(()));
    outboxes.close(id, Some(frame(4)));
    assert_eq!(lengths(&outboxes, id), [10, 4]);
}

#[test]
fn aborting_finishes_only_the_frame_that_was_begun() {
    let (mut outboxes, begun) = one(100);
    let fresh = outboxes.open();
    for id in [begun, fresh] {
        outboxes.push(id, frame(10)).unwrap();
        outboxes.push(id, frame(20)).unwrap();
    }
    outboxes.advance(begun, 3, 0);
    outboxes.abort(begun, Some(frame(4)));
    outboxes.abort(fresh, Some(frame(4)));
    assert_eq!(lengths(&outboxes, begun), [7, 4]);
    assert_eq!(lengths(&outboxes, fresh), [4]);
    assert_eq!(outboxes.total_bytes(), 11 + 4);
}

#[test]
fn a_slot_is_used_again_under_another_generation() {
    let (mut outboxes, old) = one(100);
    outboxes.push(old, frame(10)).unwrap();
    outboxes.remove(old);
    outboxes.remove(old);
    let new = outboxes.open();
    assert_eq!((new.slot, outboxes.total_bytes()), (old.slot, 0));
    assert_ne!(new, old);
    assert_eq!(outboxes.push(old, frame(10)), Ok(()));
    assert_eq!(outboxes.bytes(new), 0);
    assert_eq!(dirty(&mut outboxes), []);
}

#[test]
fn one_compressed_frame_is_shared_by_all_who_agreed() {
    let mut outboxes = Outboxes::new(10_000);
    let [plain, one, other] = [(); 3].map(|()| outboxes.open());
    outboxes.envelop(one, Envelope::Deflated(Window::Full));
    outboxes.envelop(other, Envelope::Deflated(Window::Full));
    let text = Rc::new(ws::frame(Opcode::Text, &[b'x'; 1000]));
    for id in [plain, one, other] {
        outboxes.push(id, text.clone()).unwrap();
    }
    let first = |id| outboxes.unsent(id).next().unwrap();
    assert_eq!(first(plain), &text[..]);
    assert_eq!(first(one).as_ptr(), first(other).as_ptr());
    assert_eq!(outboxes.bytes(one), first(one).len(), "it counts as it is written");
    assert!(outboxes.bytes(one) < 100);
}
