/** Capture and restore of process state: the state modules and the image that they fill. */
module hob.image {
  requires static org.jspecify;
  requires transitive hob.linux;
  requires transitive com.google.protobuf;

  exports hob.image;
  exports hob.image.format;
  exports hob.image.proto;
}
