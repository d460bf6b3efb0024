/** Connections, framing, messages and TLS between hosts. */
module hob.wire {
  requires static org.jspecify;
  requires transitive com.google.protobuf;
  requires jdk.net;
  requires org.bouncycastle.pkix;
  requires org.bouncycastle.provider;

  exports hob.wire;
  exports hob.wire.bulk;
  exports hob.wire.fault;
  exports hob.wire.peer;
  exports hob.wire.proto;
  exports hob.wire.tls;
}
