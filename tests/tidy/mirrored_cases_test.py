"""Shows each rule of mirrored_cases.py failing on a bad row, and passing a good
one."""

import unittest

import mirrored_cases

HEAD = "| case | ours |\n|---|---|\n"
WIDE = "| behaviour | test | differs |\n|---|---|---|\n"
KNOWN = ({"a_test.works"},
         {"page: a reply", mirrored_cases.title_pattern("`x: vsn ${v} is ok`")})


class mirrored_cases_test(unittest.TestCase):

    def problems(self, row, head=HEAD):
        return [p for _, p in mirrored_cases.breaches(head + row, KNOWN)]

    def test_a_row_names_a_test_or_says_why_not(self):
        self.assertEqual([], self.problems("| a, b | `a_test.works` too |"))
        self.assertEqual([], self.problems("| a | none: needs others |"))
        self.assertIn("say `none: `", self.problems("| a | later |")[0])

    def test_a_test_that_is_gone_is_named(self):
        self.assertEqual(["a_test.worked: no such test"],
                         self.problems("| a | `a_test.worked` |"))
        self.assertEqual(["page: a push: no such test"],
                         self.problems("| a | `page: a push` |"))

    def test_integration_tests_are_named_by_file_and_title(self):
        self.assertEqual([], self.problems("| a | `page: a reply` |"))
        self.assertEqual([], self.problems("| a | `x: vsn 9 is ok` |"))

    def test_a_case_has_one_row_a_suite(self):
        twice = "| a | none: x |\n{}| a | none: y |"
        self.assertIn("has a row already", self.problems(twice.format(""))[0])
        self.assertEqual([], self.problems(twice.format("# y\n" + HEAD)))

    def test_a_row_has_the_cells_of_its_head(self):
        self.assertIn("2 cells", self.problems("| a | none: x | c |")[0])
        self.assertEqual([], self.problems("| a, b | none: x | |", WIDE))
        self.assertIn("3 cells", self.problems("| a | none: x |", WIDE)[0])

    def test_a_behaviour_is_one_case_with_its_commas(self):
        twice = "| a, b | none: x | |\n| {} | none: x | |"
        self.assertEqual([], self.problems(twice.format("a, c"), WIDE))
        self.assertIn("row already",
                      self.problems(twice.format("a, b"), WIDE)[0])

    def test_tests_are_found_over_two_lines(self):
        self.assertEqual([("a_test", "works")], mirrored_cases.TEST.findall(
            "TEST_F(a_test,\n       works) {"))
        self.assertEqual(['"a reply"'], mirrored_cases.TITLE.findall(
            'test(\n  "a reply", async'))


if __name__ == "__main__":
    unittest.main()
