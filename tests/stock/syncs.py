"""Stock RSync into a worker in Rust."""
import os
import shutil
import tempfile

import execnet

from support import gateway, shows


class Place(object):
    """A source and a target that are thrown away."""

    def __enter__(self):
        self.root = tempfile.mkdtemp()
        self.source = os.path.join(self.root, "source")
        self.target = os.path.join(self.root, "target")
        os.mkdir(self.source)
        return self

    def __exit__(self, *error):
        for folder, _, _ in os.walk(self.root):
            os.chmod(folder, 0o700)
        shutil.rmtree(self.root)

    def write(self, name, text):
        with open(os.path.join(self.source, name), "w") as file:
            file.write(text)

    def read(self, name, target="target"):
        with open(os.path.join(self.root, target, name)) as file:
            return file.read()

    def sync(self, gw, targets=("target",), kind=execnet.RSync, **options):
        sync = kind(self.source, verbose=False)
        for target in targets:
            sync.add_target(gw, os.path.join(self.root, target), **options)
        sync.send()


@shows("test_rsync::test_dirsync")
def dirsync():
    gw = gateway()
    with Place() as place:
        for text in "content", "content a bit longer", "kontent a bit longer":
            place.write("hello.txt", text)
            os.utime(os.path.join(place.source, "hello.txt"), (len(text), len(text) + ord(text[0])))
            place.sync(gw, ("target", "other"))
            assert place.read("hello.txt") == place.read("hello.txt", "other") == text
        place.write("gone", "")
        place.sync(gw)
        os.remove(os.path.join(place.source, "gone"))
        place.sync(gw)
        assert place.read("gone") == ""
        place.sync(gw, delete=True)
        assert os.listdir(place.target) == ["hello.txt"]


@shows("test_rsync::test_permissions", "test_rsync::test_read_only_directories")
def permissions():
    gw = gateway()

    def mode(name):
        return os.stat(os.path.join(place.target, name)).st_mode & 0o777
    with Place() as place:
        place.write("file", "text")
        os.mkdir(os.path.join(place.source, "folder"))
        for file, folder in (0o770, 0o700), (0o700, 0o770):
            os.chmod(os.path.join(place.source, "file"), file)
            os.chmod(os.path.join(place.source, "folder"), folder)
            place.sync(gw)
            assert (mode("file"), mode("folder")) == (file, folder)
        os.makedirs(os.path.join(place.source, "folder/sub"))
        os.chmod(os.path.join(place.source, "folder/sub"), 0o500)
        os.chmod(os.path.join(place.source, "folder"), 0o500)
        place.sync(gw)
        assert mode("folder") & 0o200 and mode("folder/sub") & 0o200


@shows("test_rsync::test_symlink_rsync", "test_rsync::test_symlink2_rsync")
def links():
    gw = gateway()
    with Place() as place:
        place.write("file", "text")
        os.mkdir(os.path.join(place.source, "sub"))

        def link(to, name):
            os.symlink(to, os.path.join(place.source, name))
        link("../file", "sub/relative")
        link(os.path.join(place.source, "file"), "inside")
        link("relative", "sub/sibling")
        link("/no/such/place", "outside")
        place.sync(gw)

        def read(name):
            return os.readlink(os.path.join(place.target, name))
        assert read("sub/relative") == "../file"
        assert read("sub/sibling") == "relative"
        assert read("outside") == "/no/such/place"
        assert os.path.realpath(os.path.join(place.target, "inside")) == os.path.realpath(
            os.path.join(place.target, "file"))


@shows("test_rsync::test_file_disappearing")
def disappearing():
    gw = gateway()
    with Place() as place:
        place.write("stays", "x" * 10)
        place.write("goes", "y" * 10)

        class Sync(execnet.RSync):
            def filter(self, path):
                assert path != place.source
                if path.endswith("goes"):
                    os.remove(path)
                return True
        place.sync(gw, kind=Sync)
        assert os.listdir(place.target) == ["stays"]
