# packaging/release.py puts in where a release is published; the formula then belongs into a tap.
class Chatrepl < Formula
  include Language::Python::Virtualenv

  desc "Terminal chat for Anthropic's Messages API: interactive, or one piped question"
  homepage "@REPOSITORY@"
  url "@REPOSITORY@.git", tag: "@TAG@"
  license "MIT"

  depends_on "python@3.13"

  def install
    virtualenv_create(libexec, "python3.13")
    system libexec/"bin/python", "-m", "ensurepip"
    system libexec/"bin/python", "-m", "pip", "install", "--quiet", buildpath
    bin.install_symlink libexec/"bin/chatrepl"
    man1.install "share/chatrepl.1"
    bash_completion.install "share/chatrepl.bash" => "chatrepl"
    zsh_completion.install "share/_chatrepl"
    fish_completion.install "share/chatrepl.fish"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/chatrepl --version")
    assert_match "demo", shell_output("#{bin}/chatrepl --demo --no-save Hello")
  end
end
