import subprocess
import sys


def test_what_writes_the_answer_is_loaded_only_when_it_is_told_to() -> None:
    code = (
        "import sys; from chatrepl.startup.meanwhile import load_what_writes\n"
        "before = 'chatrepl.core.prompt_cache' in sys.modules\n"
        "load_what_writes()\n"
        "print(before, 'chatrepl.core.prompt_cache' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False True\n"
