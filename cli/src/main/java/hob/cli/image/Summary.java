package hob.cli.image;

import hob.cli.output.Screen;
import hob.cli.output.Table;
import hob.cli.output.Units;
import hob.image.format.ImageFile;
import hob.image.format.ImageHeader;
import hob.image.proto.Descriptor;
import hob.image.proto.PageRun;
import hob.image.proto.ProcessImage;
import hob.image.proto.TreeImage;
import java.io.PrintWriter;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** What people want to know of an image at a glance. */
final class Summary {
  private final ImageHeader header;
  private final TreeImage image;
  private final Map<String, Object> cpu;

  /** One process. */
  private record Line(ProcessImage process, long pageBytes) {
    String state() {
      return process.getZombie() ? "ended" : process.getStopped() ? "stopped" : "alive";
    }
  }

  private Summary(ImageFile file) {
    header = file.header();
    image = file.image();
    cpu = new LinkedHashMap<>();
    cpu.put("model", file.outline().getCpu().getModel());
    cpu.put("xcr0", Long.toHexString(file.outline().getCpu().getXcr0()));
  }

  static Summary of(ImageFile file) {
    return new Summary(file);
  }

  private static Table<Line> table() {
    return new Table<Line>()
        .number("pid", l -> l.process.getPid())
        .number("ppid", l -> l.process.getPpid())
        .number("pgid", l -> l.process.getPgid())
        .number("sid", l -> l.process.getSid())
        .text("state", Line::state)
        .number("threads", l -> l.process.getThreadsCount())
        .number("mappings", l -> l.process.getMemory().getVmasCount())
        .number("page_bytes", Line::pageBytes, l -> Units.bytes(l.pageBytes))
        .number("descriptors", l -> l.process.getDescriptorsCount())
        .text("command", l -> l.process.getComm().toStringUtf8());
  }

  private List<Line> lines() {
    long[] bytes = new long[image.getProcessesCount()];
    for (PageRun r : image.getPageRunsList()) {
      if (r.getSharedMemory() == 0 && r.getInode() == 0) {
        bytes[r.getProcess()] += r.getLength();
      }
    }
    List<Line> lines = new ArrayList<>();
    for (int i = 0; i < bytes.length; i++) {
      lines.add(new Line(image.getProcesses(i), bytes[i]));
    }
    return lines;
  }

  /** How many open files the descriptors lead to, by kind. */
  private Map<String, Integer> files() {
    Map<String, Integer> kinds = new TreeMap<>();
    image.getProcessesList().stream()
        .flatMap(p -> p.getDescriptorsList().stream())
        .map(Descriptor::getFile)
        .distinct()
        .map(f -> image.getFiles(f).getKind().name().toLowerCase(Locale.ROOT))
        .forEach(kind -> kinds.merge(kind, 1, Integer::sum));
    return kinds;
  }

  Map<String, Object> object() {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("format", ImageHeader.VERSION);
    object.put("version", image.getVersion());
    object.put("taken", header.taken().toString());
    object.put("home", image.getHome());
    object.put("arch", image.getArch());
    object.put("cpu", cpu);
    object.put("file_bytes", header.fileBytes());
    object.put("image_bytes", header.imageBytes());
    object.put("page_bytes", header.pageBytes());
    object.put("files", files());
    List<Object> processes = new ArrayList<>();
    lines().forEach(l -> processes.add(table().object(l)));
    object.put("processes", processes);
    return object;
  }

  void print(PrintWriter out, Screen screen) {
    DateTimeFormatter time =
        DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss", Locale.ROOT)
            .withZone(ZoneId.systemDefault());
    out.printf(
        "image of %s, home %s, %s, taken %s; format %d, sound%n",
        image.getProcesses(0).getComm().toStringUtf8(),
        image.getHome(),
        image.getArch(),
        time.format(header.taken()),
        ImageHeader.VERSION);
    out.printf(
        "%s: %s of state, %s of page contents%n",
        Units.bytes(header.fileBytes()),
        Units.bytes(header.imageBytes()),
        Units.bytes(header.pageBytes()));
    StringBuilder kinds = new StringBuilder();
    files()
        .forEach((kind, n) ->
            kinds.append(kinds.isEmpty() ? "" : ", ").append(n).append(' ').append(kind));
    out.printf("open files: %s%n%n", kinds.isEmpty() ? "none" : kinds);
    table().print(lines(), out, screen);
  }
}
