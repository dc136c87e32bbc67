"""tree.py: the files of this repository, as the house rules see them."""
import pathlib
import subprocess

root = pathlib.Path(__file__).resolve().parents[2]
rooms = ("core", "net", "broker", "app")


def committed():
    """Every file that git knows or would take; without git, all but what .gitignore's first words name."""
    try:
        listed = subprocess.run(["git", "-c", f"safe.directory={root}", "ls-files", "-z", "--cached", "--others",
                                 "--exclude-standard"], cwd=root, capture_output=True, check=True).stdout
        names = [name for name in listed.decode().split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        passed_over = {"build", "node_modules", ".git", ".cache", "__pycache__"}
        names = [str(path.relative_to(root)) for path in root.rglob("*")
                 if path.is_file() and not passed_over & set(path.relative_to(root).parts)]
    return sorted(name for name in names if (root / name).is_file())


def text(name):
    return (root / name).read_text(encoding="utf-8")


def sources(*folders):
    return [name for name in committed()
            if name.endswith((".h", ".cc")) and (not folders or name.split("/")[0] in folders)]
