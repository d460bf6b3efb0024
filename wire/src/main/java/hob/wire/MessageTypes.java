package hob.wire;

import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import hob.wire.proto.Beat;
import hob.wire.proto.Bye;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The messages that this side understands, by their full protobuf names. Immutable.
 *
 * <p>Each module lists its own; the daemon puts the lists together. What is not listed can be sent
 * but not received.
 */
public final class MessageTypes {
  private static final MessageTypes OWN =
      new MessageTypes(Map.of()).plus(Beat.getDefaultInstance(), Bye.getDefaultInstance());

  private final Map<String, Parser<? extends Message>> parsers;

  private MessageTypes(Map<String, Parser<? extends Message>> parsers) {
    this.parsers = Map.copyOf(parsers);
  }

  /** The types of which the default instances are given. */
  public static MessageTypes of(Message... prototypes) {
    return OWN.plus(prototypes);
  }

  /** These types and more. */
  public MessageTypes plus(Message... prototypes) {
    Map<String, Parser<? extends Message>> more = new HashMap<>(parsers);
    for (Message prototype : prototypes) {
      more.put(nameOf(prototype), prototype.getParserForType());
    }
    return new MessageTypes(more);
  }

  /** These types and those. */
  public MessageTypes plus(MessageTypes others) {
    Map<String, Parser<? extends Message>> more = new HashMap<>(parsers);
    more.putAll(others.parsers);
    return new MessageTypes(more);
  }

  /** The names of all types. */
  public Set<String> names() {
    return parsers.keySet();
  }

  @Nullable Parser<? extends Message> parser(String name) {
    return parsers.get(name);
  }

  static String nameOf(Message message) {
    return message.getDescriptorForType().getFullName();
  }
}
