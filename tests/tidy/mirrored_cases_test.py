"""Shows each rule of otp_cases.py failing on a bad row, and passing a good
one."""

import unittest

import otp_cases


class otp_cases_test(unittest.TestCase):

    def problems(self, row, tests=frozenset({"a_test.works"})):
        return [p for _, p in otp_cases.breaches(row, tests)]

    def test_a_row_names_a_test_or_says_why_not(self):
        self.assertEqual([], self.problems("| a, b | `a_test.works` too |"))
        self.assertEqual([], self.problems("| a | none: needs others |"))
        self.assertIn("say `none: `", self.problems("| a | later |")[0])

    def test_a_test_that_is_gone_is_named(self):
        self.assertEqual(["a_test.worked: no such test"],
                         self.problems("| a | `a_test.worked` |"))

    def test_a_case_has_one_row_a_suite(self):
        twice = "# x\n| a | none: x |\n{}| a | none: y |"
        self.assertIn("has a row already", self.problems(twice.format(""))[0])
        self.assertEqual([], self.problems(twice.format("# y\n")))

    def test_a_row_has_two_cells(self):
        self.assertIn("two cells", self.problems("| a | b | c |")[0])
        self.assertEqual([], self.problems("| case | ours |\n|---|---|"))

    def test_tests_are_found_over_two_lines(self):
        self.assertEqual([("a_test", "works")], otp_cases.TEST.findall(
            "TEST_F(a_test,\n       works) {"))


if __name__ == "__main__":
    unittest.main()
