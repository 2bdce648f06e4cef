"""How gunicorn serves the portal; read by gunicorn itself.

One process with threads: a download occupies a thread, and a thread that waits for a slow
client costs next to nothing. A worker of the `gthread` kind is not killed in the middle of a
download that takes longer than the time-out, as one of the `sync` kind would be.
"""

import os

bind = os.environ["PORTAL_BIND"]
worker_class = "gthread"
workers = 1
threads = 12
timeout = 120
graceful_timeout = 10
keepalive = 5
limit_request_line = 8190  # the most there is: hundreds of units fit into one address
worker_tmp_dir = os.environ["PORTAL_RUN_FOLDER"]
control_socket_disable = True
accesslog = "-"
errorlog = "-"
proc_name = "ckan"
