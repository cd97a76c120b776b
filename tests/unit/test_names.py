import pytest

from classlab.names import did_you_mean, fitting, lab_name_problem, nearest, student_name_problem


@pytest.mark.parametrize("name", ["a", "cs101", "data-science-2027", "a" * 32])
def test_a_legal_lab_name(name: str) -> None:
    assert lab_name_problem(name) == ""


@pytest.mark.parametrize(
    ("name", "mend"),
    [
        ("CS 101", "capitals (CS) and a space"),
        ("CS 101", "write cs-101."),
        ("cs_101", "has _,"),
        ("101", "must begin with a letter"),
        ("1a", "write a."),
        ("cs-", "write cs."),
        ("-cs", "write cs."),
        ("a" * 33, "33 letters"),
        ("a\nb", "U+000A"),
        ("a\n", "U+000A"),
    ],
)
def test_an_illegal_lab_name_is_told_with_one_that_fits(name: str, mend: str) -> None:
    assert mend in lab_name_problem(name)


@pytest.mark.parametrize("name", ["", "   ", None])
def test_an_empty_lab_name_has_a_sentence_of_its_own(name: str | None) -> None:
    assert "lab_name is empty" in lab_name_problem(name)
    assert "lab_name: cs101" in lab_name_problem(name)


@pytest.mark.parametrize(("value", "kind"), [(101, "number"), (True, "yes/no"), (["a"], "list"), ({"a": 1}, "group")])
def test_a_name_that_yaml_took_for_something_else_is_to_be_quoted(value: object, kind: str) -> None:
    assert kind in lab_name_problem(value)
    assert "quotes" in lab_name_problem(value)


@pytest.mark.parametrize("name", ["ada", "grace-2", "a" * 30])
def test_a_legal_student_name(name: str) -> None:
    assert student_name_problem(name) == ""


@pytest.mark.parametrize("name", ["all", "localhost", "teacher", "ungrouped"])
def test_names_with_another_meaning_are_refused_with_one_that_is_free(name: str) -> None:
    assert f"{name}-1" in student_name_problem(name)
    assert student_name_problem(f"{name}-1") == ""


@pytest.mark.parametrize(("name", "whose"), [("spare-1", "a spare seat"), ("image-builder", "`make bake` launches")])
def test_names_of_classlabs_own_seats_are_no_students(name: str, whose: str) -> None:
    assert whose in student_name_problem(name)


def test_a_seat_s_hostname_never_gets_too_long() -> None:
    longest_lab, longest_student = "l" * 32, "s" * 30
    assert lab_name_problem(longest_lab) == student_name_problem(longest_student) == ""
    assert len(f"{longest_lab}-{longest_student}") == 63
    assert "31 letters" in student_name_problem("s" * 31)


@pytest.mark.parametrize(
    ("name", "fits"),
    [
        ("Ada Lovelace", "ada-lovelace"),
        ("Zoë", "zoe"),
        ("Łukasz Ødegård", "lukasz-odegard"),
        ("Groß", "gross"),
        ("O'Brien", "obrien"),
        ("ada@example.org", "ada-example-org"),
        ("李小龍", ""),
        ("Ада", ""),
        ("Ada Ловелас", ""),
        ("42", ""),
    ],
)
def test_a_fitting_form_of_a_person_s_name(name: str, fits: str) -> None:
    assert fitting(name) == fits
    if fits:
        assert student_name_problem(fits) == ""
        assert f"write {fits}." in student_name_problem(name)
    else:
        assert "Latin letters" in student_name_problem(name)


def test_the_strange_characters_are_named() -> None:
    assert "has 小, 李 and 龍" in student_name_problem("李小龍")
    assert "has a space, á" not in student_name_problem("ada")


def test_the_nearest_word_is_found_whatever_its_capitals() -> None:
    assert nearest("lab_studnets", ["lab_students", "lab_spot"]) == ["lab_students"]
    assert nearest("owner", ["Owner", "Email"]) == ["Owner"]
    assert did_you_mean("T3.Mikro", ["t3.micro", "t3.small"]).startswith(" Did you mean t3.micro")
    assert did_you_mean("xyz", ["t3.micro"]) == ""
