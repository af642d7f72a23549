"""A script run as it is, with a clock that counts processor time: who else works does not matter.

python on_cpu.py SCRIPT [ARGUMENT ...]
"""

import runpy
import sys
import time

time.perf_counter = time.process_time
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
