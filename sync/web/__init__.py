"""What listens: the API for other programs and the public form, each an ASGI application.

They know the app and nothing of servers; `serving.py` is the one place that opens sockets. API and
form never share a listener: what the public reaches holds nothing for anybody else.
"""
