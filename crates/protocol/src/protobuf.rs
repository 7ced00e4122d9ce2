//! The Protobuf codec: messages with a varint length before each.
