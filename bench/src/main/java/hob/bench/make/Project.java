package hob.bench.make;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Sources for a build whose compilers work for some seconds each, and its Makefile. */
final class Project {
  private static final String UNIT =
      """
      #include <iostream>
      #include <map>
      #include <regex>
      #include <sstream>
      #include <string>
      int unitNUMBER(const std::string &s) {
        std::map<std::string, int> words;
        std::regex r("([a-z]+)[0-9]*NUMBER");
        for (std::sregex_iterator i(s.begin(), s.end(), r), e; i != e; ++i) words[i->str()]++;
        std::ostringstream o;
        for (auto &w : words) o << w.first << w.second;
        return std::regex_match(o.str(), r) ? (int)words.size() : NUMBER;
      }
      """;

  private Project() {}

  /** Writes it. */
  static void write(Path directory, int units) throws IOException {
    Files.createDirectories(directory);
    StringBuilder main = new StringBuilder("#include <string>\n");
    StringBuilder sum = new StringBuilder();
    for (int i = 0; i < units; i++) {
      Files.writeString(
          directory.resolve("unit%d.cc".formatted(i)), UNIT.replace("NUMBER", String.valueOf(i)));
      main.append("int unit%d(const std::string &);\n".formatted(i));
      sum.append(" + unit%d(\"a\")".formatted(i));
    }
    Files.writeString(directory.resolve("main.cc"), main + "int main() { return 0" + sum + "; }\n");
    Files.writeString(
        directory.resolve("Makefile"),
        """
        OBJECTS := $(patsubst %.cc,%.o,$(sort $(wildcard unit*.cc)))
        program: $(OBJECTS) main.cc
        \tg++ -o $@ main.cc $(OBJECTS)
        objects: $(OBJECTS)
        %.o: %.cc
        \t$(CXX) -O2 -c -o $@ $<
        """);
  }
}
