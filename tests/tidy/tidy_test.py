"""Shows each rule of tidy.py failing on a bad sample, and passing a good
one."""

import tempfile
import unittest
from pathlib import Path

import tidy


class tidy_test(unittest.TestCase):

    def breaches(self, files):
        """The problems of a tree with these files, as one string."""
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            for name, text in files.items():
                path = root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            return "\n".join(f"{path}:{number}: {problem}" for path, number,
                             problem in tidy.breaches(root))

    def test_a_clean_tree_has_no_breach(self):
        self.assertEqual("", self.breaches({
            "runtime/pid.hpp": "#pragma once\n",
            "runtime/README.md": "- `pid.hpp`: names a process\n",
            "channels/topic.cpp": '#include "runtime/pid.hpp"\n',
        }))

    def test_an_include_points_to_the_left(self):
        self.assertIn("runtime may not know channels", self.breaches({
            "runtime/a.cpp": '#include "channels/topic.hpp"\n'}))
        self.assertIn("transport may not know tests", self.breaches({
            "transport/a.cpp": '#include "tests/support/a.hpp"\n'}))
        self.assertEqual("", self.breaches({
            "tests/runtime/a_test.cpp": '#include "channels/topic.hpp"\n'}))

    def test_includes_are_written_from_the_root(self):
        self.assertIn("from the repository root", self.breaches({
            "runtime/a.cpp": '#include "pid.hpp"\n'}))

    def test_detail_is_private_to_its_layer(self):
        self.assertIn("private to runtime", self.breaches({
            "channels/a.cpp": '#include "runtime/detail/shard.hpp"\n'}))
        self.assertEqual("", self.breaches({
            "runtime/a.cpp": '#include "runtime/detail/shard.hpp"\n',
            "tests/runtime/a_test.cpp":
                '#include "runtime/detail/shard.hpp"\n'}))

    def test_pubsub_knows_only_runtime_and_itself(self):
        self.assertIn("pubsub knows only", self.breaches({
            "channels/pubsub/a.cpp": '#include "channels/topic.hpp"\n'}))
        self.assertEqual("", self.breaches({
            "channels/pubsub/a.cpp": '#include "runtime/pid.hpp"\n'
                                     '#include "channels/pubsub/b.hpp"\n'}))

    def test_tracker_knows_only_runtime_pubsub_and_itself(self):
        self.assertIn("tracker knows only", self.breaches({
            "channels/tracker/a.cpp": '#include "channels/json.hpp"\n'}))
        self.assertEqual("", self.breaches({
            "channels/tracker/a.cpp": '#include "runtime/pid.hpp"\n'
                                      '#include "channels/pubsub/b.hpp"\n'
                                      '#include "channels/tracker/c.hpp"\n'}))

    def test_a_dependency_stays_at_home(self):
        for header, stranger in [
            ("caf/all.hpp", "channels/a.cpp"),
            ("nlohmann/json.hpp", "channels/a.cpp"),
            ("boost/beast/core.hpp", "runtime/detail/a.cpp"),
            ("boost/asio.hpp", "runtime/detail/a.cpp"),
            ("spdlog/spdlog.h", "transport/a.cpp"),
            ("CLI/CLI.hpp", "runtime/a.cpp"),
        ]:
            self.assertIn("its home is", self.breaches(
                {stranger: f"#include <{header}>\n"}), header)
        self.assertEqual("", self.breaches({
            "transport/a.cpp": "#include <boost/asio/io_context.hpp>\n"}))

    def test_files_have_a_length(self):
        for path, most in [("runtime/a.cpp", 500), ("examples/a.cpp", 150),
                           ("tests/runtime/a_test.cpp", 800),
                           ("runtime/detail/a.hpp", 400)]:
            text = "#pragma once\n" + "\n" * (most - 1)
            self.assertEqual("", self.breaches({path: text}))
            self.assertIn(f"longer than {most} lines",
                          self.breaches({path: text + "\n"}))

    def test_lines_have_80_columns(self):
        self.assertEqual("", self.breaches({
            "runtime/a.cpp": "//" + "x" * 78 + "\n"}))
        self.assertIn("longer than 80 columns", self.breaches({
            "runtime/a.cpp": "//" + "x" * 79 + "\n"}))

    def test_functions_have_70_lines(self):
        def method(lines):
            return ("struct a {\n  void f(int x) const {\n"
                    + "    g('{', \"}\", R\"(}})\"); // }\n" * (lines - 2)
                    + "  }\n};\n")
        self.assertEqual("", self.breaches({"runtime/a.cpp": method(70)}))
        self.assertIn("a.cpp:2: function is 71 lines long",
                      self.breaches({"runtime/a.cpp": method(71)}))

    def test_long_types_and_tables_are_no_functions(self):
        for head in ["namespace x {", "struct alignas(64) a {",
                     "template <class T>\nclass b : public c<T> {",
                     "const int table[] = {", "enum class e {"]:
            text = head + "\n" + "\n" * 100 + "};\n"
            self.assertEqual("", self.breaches({"runtime/a.cpp": text}), head)

    def test_time_and_chance_come_from_outside(self):
        for word in ["std::this_thread::sleep_for(1s)", "x.sleep_until(t)",
                     "std::chrono::steady_clock::now()",
                     "std::chrono::system_clock::now()",
                     "std::random_device{}()"]:
            text = f"auto x = {word};\n"
            self.assertIn("a.cpp:1: ", self.breaches({"runtime/a.cpp": text}))
            self.assertEqual("", self.breaches({"runtime/clock.cpp": text}))
            self.assertEqual("", self.breaches({
                "runtime/a.cpp": f"// {word}\n"}))

    def test_only_programs_write_to_cout(self):
        text = "void f() { std::cout << 1; }\n"
        self.assertIn("write to the log", self.breaches({
            "runtime/a.cpp": text}))
        self.assertEqual("", self.breaches({"examples/a.cpp": text}))

    def test_nothing_is_left_to_do(self):
        for word in ["TODO", "FIXME"]:
            self.assertIn("finish it", self.breaches({
                "runtime/a.cpp": f"// {word}: later\n"}))

    def test_headers_are_guarded(self):
        self.assertIn("without #pragma once", self.breaches({
            "tests/support/a.hpp": "int x;\n"}))

    def test_a_layers_readme_lists_its_headers(self):
        header = {"runtime/testing/sim_node.hpp": "#pragma once\n"}
        self.assertIn("README.md:1: missing", self.breaches(header))
        self.assertIn("does not list testing/sim_node.hpp", self.breaches({
            **header, "runtime/README.md": "`sim_node.hpp`\n"}))
        self.assertEqual("", self.breaches({
            **header, "runtime/README.md": "`testing/sim_node`\n"}))
        self.assertIn("lists gone.hpp: no such file", self.breaches({
            **header, "runtime/README.md":
                "`testing/sim_node.hpp` `gone.hpp`\n"}))

    def test_the_readme_quotes_the_examples(self):
        example = "int main() {\n  // [hello]\n  spawn(f);\n  // [hello]\n}\n"
        quote = "<!-- [hello] -->\n```cpp\n{}\n```\n"
        for readme, problem in [
            (quote.format("spawn(f);"), ""),
            ("```cpp\n// [hello]\nspawn(f);\n// [hello]\n```\n", ""),
            (quote.format("spawn(g);"), "differs from the example's [hello]"),
            (quote.replace("hello", "bye"), "no example has // [bye]"),
            ("```cpp\nspawn(f);\n```\n", "C++ block without a tag"),
            ("```sh\nmake run\n```\n", ""),
        ]:
            found = self.breaches({"examples/a.cpp": example,
                                   "README.md": readme})
            self.assertTrue(problem in found if problem else not found,
                            f"{readme}{found}")


if __name__ == "__main__":
    unittest.main()
