import sys

from portal_stack.cli import main

sys.exit(main(sys.argv[1:]))
