/** Where commands run: pure logic, without the kernel or the network. */
module hob.policy {
  requires static org.jspecify;

  exports hob.policy;
}
