import pytest

from assistant.errors import UsageError
from assistant.generation.documents import SourceFile, TaskKind, recognize_task, resolve_files

OLD = SourceFile("/c/service-agreement-2023.md", "IT Service Agreement 2023")
NEW = SourceFile("/c/service-agreement-2024.md", "IT Service Agreement 2024")
LEASE, CHINESE = SourceFile("/c/office-lease.pdf", "Lease of Suite 4B"), SourceFile("/c/采购合同.md", "光学玻璃毛坯采购合同")
ALL = (OLD, NEW, LEASE, CHINESE)


@pytest.mark.parametrize(("question", "kind"), [
    ("Summarise this file", TaskKind.SUMMARY),
    ("Can you please give me a short summary of the document?", TaskKind.SUMMARY),
    ("What is this contract about?", TaskKind.SUMMARY),
    ("tl;dr", TaskKind.SUMMARY),
    ("总结这份文件", TaskKind.SUMMARY),
    ("请帮我概括一下这份合同的主要内容。", TaskKind.SUMMARY),
    ("这份报告主要讲了什么？", TaskKind.SUMMARY),
    ("What changed between these two files?", TaskKind.DIFFERENCES),
    ("compare the two versions", TaskKind.DIFFERENCES),
    ("这两个版本有什么不同？", TaskKind.DIFFERENCES),
    ("对比一下这两份合同", TaskKind.DIFFERENCES),
    ("List all deadlines in this folder", TaskKind.LISTING),
    ("列出这份合同里的所有金额", TaskKind.LISTING),
    ("找出文件夹中所有的截止日期", TaskKind.LISTING),
])
def test_what_is_asked_of_whole_files(question: str, kind: TaskKind) -> None:
    task = recognize_task(question)
    assert task is not None
    assert (task.kind, task.certain) == (kind, True)


@pytest.mark.parametrize("question", [
    "When does the lease end?", "How many people live in Warsaw?", "What does the report on bees say about honey?",
    "How did the company change its name in 2004?", "逾期交货的违约金是多少？", "会议是什么时候开的？",
    "Which files mention the rent?", "How many rows of seats does the theatre have?",
    "Why was the summary of the report rejected?", "What is listed in annex 2?",
])
def test_an_ordinary_question_is_none(question: str) -> None:
    assert recognize_task(question) is None


@pytest.mark.parametrize("question", [
    "What are the differences between temporary and permanent modifications in the loan programs?",
    "How did Hobson argue to rid the world of imperialism?", "黄鳍紫鱼和丝鳍紫鱼之间的区别是什么？",
    "Summarise the arguments against capital punishment", "Compare Germany with France", "总结一下光合作用的过程",
    "List all kings of the house of York", "What is the difference between clause 2 and clause 3?",
])
def test_a_question_of_the_same_shape_about_no_file_is_an_ordinary_one(question: str) -> None:
    task = recognize_task(question)
    assert task is None or not task.certain
    assert task is None or task.kind is TaskKind.LISTING or resolve_files(task, question, ALL, narrowed=False) == ()


@pytest.mark.parametrize(("question", "found"), [
    ("Summarise office-lease.pdf", (LEASE,)),
    ("Summarise the office lease", (LEASE,)),
    ("总结采购合同", (CHINESE,)),
    ("What changed between service-agreement-2024.md and service-agreement-2023.md?", (NEW, OLD)),
    ("What are the differences between the 2023 and the 2024 agreement?", (OLD, NEW)),
    ("Summarise all files", ALL),
    ("List all dates", ALL),
    ("List all dates in office-lease.pdf", (LEASE,)),
])
def test_the_files_that_a_question_names(question: str, found: tuple[SourceFile, ...]) -> None:
    task = recognize_task(question)
    assert task is not None
    assert resolve_files(task, question, ALL, narrowed=False) == found


def test_this_file_is_the_one_that_was_chosen() -> None:
    task = recognize_task("Summarise this file")
    assert task is not None
    assert resolve_files(task, "Summarise this file", (LEASE,), narrowed=True) == (LEASE,)


@pytest.mark.parametrize(("question", "known"), [("Summarise this file", ALL), ("这两份文件有什么不同？", ALL),
                                                 ("What changed between these two?", ALL)])
def test_it_asks_which_file_is_meant(question: str, known: tuple[SourceFile, ...]) -> None:
    task = recognize_task(question)
    assert task is not None
    with pytest.raises(UsageError, match="not clear"):
        resolve_files(task, question, known, narrowed=False)
