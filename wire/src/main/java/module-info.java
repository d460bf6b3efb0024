/** Connections, framing, messages and TLS between hosts. */
module hob.wire {
  requires static org.jspecify;
  requires com.google.protobuf;

  exports hob.wire.proto;
}
