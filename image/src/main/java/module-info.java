/** Capture and restore of process state: the state modules and the image that they fill. */
module hob.image {
  requires static org.jspecify;
  requires hob.linux;
  requires com.google.protobuf;

  exports hob.image.proto;
}
